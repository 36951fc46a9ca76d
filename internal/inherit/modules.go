package inherit

import (
	"context"
	"maps"
	"strings"
)

// Modules say where Go gets modules from, by default or as variables say it.
type Modules struct {
	List    string // as GOPROXY has it
	Proxies string // those of the list that are proxies, "" for none
	SumDB   string // as GOSUMDB has it
	NoSumDB string // as GONOSUMDB has it
}

// ReadModules returns where Go gets modules from with variables. Go's defaults are those of this
// machine's go command; without one, and without variables, there are no proxies.
func ReadModules(ctx context.Context, variables map[string]string) Modules {
	set := map[string]string{}
	maps.Copy(set, goDefaults(ctx))
	for _, name := range goVariables {
		if value := variables[name]; value != "" {
			set[name] = value
		}
	}
	m := Modules{List: set["GOPROXY"], SumDB: set["GOSUMDB"], NoSumDB: set["GONOSUMDB"]}
	if m.NoSumDB == "" {
		m.NoSumDB = set["GOPRIVATE"]
	}
	m.Proxies = proxies(m.List)
	return m
}

// proxies are the addresses of a value of GOPROXY, with what separates them. What follows direct or
// off has no effect.
func proxies(list string) string {
	var kept strings.Builder
	separator := ""
	for list != "" {
		entry, next := list, ""
		if i := strings.IndexAny(list, ",|"); i >= 0 {
			entry, next = list[:i], list[i:i+1]
		}
		list = list[len(entry)+len(next):]
		entry = strings.TrimSpace(entry)
		if entry == "direct" || entry == "off" {
			break
		}
		if entry != "" {
			kept.WriteString(separator + entry)
			separator = next
		}
	}
	return kept.String()
}

// goDefaults are Go's defaults, whatever this machine sets; nil without a go command.
func goDefaults(ctx context.Context) map[string]string {
	unset := []string{"GOENV=off"}
	for _, name := range goVariables {
		unset = append(unset, name+"=")
	}
	return goEnv(ctx, nil, unset...)
}
