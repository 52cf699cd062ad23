// Package examples holds workflows that run as they stand. Each is run by a
// test; weather is also what `freshet demo` runs.
package examples

import "embed"

// Weather is the folder weather.
//
//go:embed weather
var Weather embed.FS
