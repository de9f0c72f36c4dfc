// Command judge says what llama-swap makes of each config of a corpus: its error, or the settings that it would run with.
// It is built inside a checkout of llama-swap (see build.sh), because the config package there is internal.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/mostlygeek/llama-swap/internal/config"
)

// revision of the llama-swap checkout; set by the linker.
var revision = "unknown"

// Some checks of llama-swap walk over maps, so that one of several errors is reported by chance: each case is loaded this often.
const runs = 8

// question asks the matrix: which models go when target starts while others run.
type question struct {
	Target  string   `json:"target"`
	Running []string `json:"running"`
}

// testCase is one config of the corpus.
type testCase struct {
	name       string
	configPath string
	configDir  string
	env        map[string]string
	questions  []question
	paths      []string
}

// verdict is what llama-swap says about a case.
type verdict struct {
	Error     string   `json:"error,omitempty"`
	Config    any      `json:"config,omitempty"`
	Evictions []string `json:"evictions,omitempty"`
	Ignored   []string `json:"ignored,omitempty"`
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: judge CORPUS_FOLDER VERDICTS_FILE")
	}
	corpus := filepath.Clean(os.Args[1])
	cases, err := readCorpus(corpus)
	if err != nil {
		fail(err.Error())
	}
	verdicts := make(map[string]verdict, len(cases))
	for _, c := range cases {
		v, err := judge(c, corpus)
		if err != nil {
			fail(c.name + ": " + err.Error())
		}
		verdicts[c.name] = v
	}
	out, err := write(verdicts)
	if err != nil {
		fail(err.Error())
	}
	if err := os.WriteFile(os.Args[2], out, 0o644); err != nil {
		fail(err.Error())
	}
	fmt.Printf("%d cases judged by llama-swap %s\n", len(cases), revision)
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}

// judge loads a case several times and insists on one answer; of several error texts the first in order is kept.
func judge(c testCase, corpus string) (verdict, error) {
	first, err := judgeOnce(c, corpus)
	if err != nil {
		return verdict{}, err
	}
	for i := 1; i < runs; i++ {
		next, err := judgeOnce(c, corpus)
		if err != nil {
			return verdict{}, err
		}
		if (first.Error == "") != (next.Error == "") || !reflect.DeepEqual(first.Config, next.Config) || !reflect.DeepEqual(first.Evictions, next.Evictions) {
			return verdict{}, fmt.Errorf("two loads of it differ")
		}
		if next.Error < first.Error {
			first = next
		}
	}
	return first, nil
}

func judgeOnce(c testCase, corpus string) (verdict, error) {
	os.Clearenv()
	for name, value := range c.env {
		if err := os.Setenv(name, value); err != nil {
			return verdict{}, err
		}
	}
	loaded, err := config.LoadConfigSources(c.configPath, c.configDir)
	if err != nil {
		return verdict{Error: strings.ReplaceAll(err.Error(), corpus+string(filepath.Separator), "")}, nil
	}
	v := verdict{Config: normalise(loaded)}
	for _, q := range c.questions {
		matrix := loaded.Routing.Router.Settings.Matrix
		if matrix == nil {
			return verdict{}, fmt.Errorf("asks the matrix, but there is none")
		}
		sort.Strings(q.Running)
		decision := matrix.Program().Solve(q.Target, q.Running, matrix.ResolvedEvictCosts())
		v.Evictions = append(v.Evictions, fmt.Sprintf("%s while %s: evicts %s",
			q.Target, orNothing(q.Running), orNothing(decision.Evict)))
	}
	for _, path := range c.paths {
		if slices.ContainsFunc(loaded.Upstream.IgnorePaths, func(p *regexp.Regexp) bool { return p.MatchString(path) }) {
			v.Ignored = append(v.Ignored, path)
		}
	}
	return v, nil
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
