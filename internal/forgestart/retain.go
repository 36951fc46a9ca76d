package forgestart

import (
	"context"
	"fmt"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/retention"
)

const (
	retainFirst = time.Minute // after the start, when a forge has other things to do
	retainEvery = time.Hour
)

// retain removes old images again and again until ctx ends.
func (s *Starter) retain(ctx context.Context) {
	for wait := retainFirst; ; wait = retainEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if err := s.removeImages(ctx); err != nil {
			s.Log.Error("removing old images failed; the next attempt is in "+retainEvery.String(), "why", err)
		}
	}
}

// removeImages removes old images and old caches of builds once, and has Gitea give back their space.
func (s *Starter) removeImages(ctx context.Context) error {
	admin, _, err := s.admin(ctx)
	if err != nil {
		return err
	}
	rule := retention.Rule{Commits: s.Config.RetainImages, CachesSince: time.Now().Add(-retention.CacheAge)}
	removed, err := retention.Images(admin, rule)
	if removed == 0 {
		return err
	}
	s.Log.Info(fmt.Sprintf("removed %d images of old commits and old caches of builds", removed))
	if _, cleanup := admin.RunCronTasks(retention.Cleanup); cleanup != nil {
		s.Log.Warn("Gitea gives back the space of removed images at midnight, not now", "why", cleanup)
	}
	return err
}
