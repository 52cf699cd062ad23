package server

import (
	"context"

	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/operator"
)

// warmKernels are those that the settings want; nil: none. A server that is
// thrown away keeps none.
func (c *Config) warmKernels() *operator.WarmKernels {
	if c.Kernels <= 0 || c.Throwaway || c.ExecDir != "" {
		return nil
	}
	return &operator.WarmKernels{Home: c.Home, Limits: keeper.WarmLimits{Count: c.Kernels, Memory: c.Memory}}
}

// coolKernels ends what waits where no more kernels are to be kept.
func (s *Server) coolKernels(c *Config) {
	if c.warmKernels() != nil {
		return
	}
	k, err := keeper.Dial(s.cfg.Home, s.cfg.Version, nil)
	if err != nil {
		return // then there are none
	}
	defer k.Close()
	if err := k.Cool(context.Background()); err != nil {
		s.cfg.Log.Warn("cannot end the kernels that wait", logkey.Error, err)
	}
}
