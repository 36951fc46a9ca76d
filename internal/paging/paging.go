// Package paging goes through the lists of the forge's API, which come in pages.
package paging

import (
	"iter"
	"strconv"

	"code.gitea.io/sdk/gitea"
)

// maxPage is the most that the forge sends at once, by its default. A forge that is
// set to less sends shorter pages.
const maxPage = 50

// Pages goes through a list of the forge, page by page, as far as the caller does.
// fetch returns one page, and how long the whole list is: 0 if the forge does not say.
func Pages[T any](fetch func(gitea.ListOptions) (items []T, total int64, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen := int64(0)
		for page := 1; ; page++ {
			items, total, err := fetch(gitea.ListOptions{Page: page, PageSize: maxPage})
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if seen += int64(len(items)); len(items) == 0 || total > 0 && seen >= total {
				return
			}
		}
	}
}

// All collects a whole list.
func All[T any](list iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range list {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// Total returns the length of the whole list, of which a response contains one page.
func Total(response *gitea.Response) int64 {
	if response == nil || response.Response == nil {
		return 0
	}
	n, _ := strconv.ParseInt(response.Header.Get("X-Total-Count"), 10, 64)
	return n
}
