//go:build !linux

package keeper

// resident is a guess where the system is not asked.
func resident(int) int64 { return typicalWarm }
