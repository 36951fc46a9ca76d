package actionscache

import (
	"sync"
	"time"
)

// expiring are values by their secret names, each until a time. The zero value is empty.
type expiring[T any] struct {
	mu     sync.Mutex
	values map[string]expires[T]
}

type expires[T any] struct {
	value T
	until time.Time
}

// put sets a value from now on for some time, and removes those whose time is over.
func (e *expiring[T]) put(name string, value T, now time.Time, lasts time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.values == nil {
		e.values = map[string]expires[T]{}
	}
	for name, v := range e.values {
		if now.After(v.until) {
			delete(e.values, name)
		}
	}
	e.values[name] = expires[T]{value, now.Add(lasts)}
}

// get returns a value whose time is not over.
func (e *expiring[T]) get(name string, now time.Time) (T, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	v, ok := e.values[name]
	return v.value, ok && now.Before(v.until)
}

func (e *expiring[T]) remove(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.values, name)
}
