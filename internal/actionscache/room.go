package actionscache

import (
	"cmp"
	"maps"
	"os"
	"slices"
)

// expire removes what nobody uses any more.
func (s *Store) expire() {
	now := s.now()
	for id, e := range s.entries {
		if now.Sub(e.Used) > unusedTime {
			s.remove(e)
			delete(s.entries, id)
		}
	}
	for id, e := range s.uploads {
		if now.Sub(e.Used) > uploadTime {
			_ = os.Remove(s.path(id, uploadSuffix))
			delete(s.uploads, id)
		}
	}
}

// makeRoom removes entries until more bytes fit, and returns whether they do. The repository
// that takes most gives first, from what it used longest ago: no repository can push out the
// entries of one that takes less.
func (s *Store) makeRoom(more int64) bool {
	for {
		taken, total := map[string]int64{}, more
		for _, e := range s.uploads {
			total += e.Size
		}
		for _, e := range s.entries {
			taken[e.Repository] += e.Size
			total += e.Size
		}
		if total <= s.limit {
			return true
		}
		if len(s.entries) == 0 {
			return false
		}
		all := slices.Collect(maps.Values(s.entries))
		oldest := slices.MinFunc(all, func(a, b *entry) int {
			return cmp.Or(cmp.Compare(taken[b.Repository], taken[a.Repository]), a.Used.Compare(b.Used), cmp.Compare(a.ID, b.ID))
		})
		s.remove(oldest)
		delete(s.entries, oldest.ID)
	}
}

// remove removes an entry's files, the description first: without it the content is nothing.
func (s *Store) remove(e *entry) {
	_ = os.Remove(s.path(e.ID, descriptionSuffix))
	_ = os.Remove(s.path(e.ID, contentSuffix))
}
