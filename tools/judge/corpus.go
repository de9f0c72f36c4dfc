package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// readCorpus lists the cases of a folder: a YAML file, or a folder with config.yaml (as -config) and conf.d (as -config-dir).
func readCorpus(folder string) ([]testCase, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var cases []testCase
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		c := testCase{name: strings.TrimSuffix(entry.Name(), ".yaml"), configPath: path}
		head := path
		if entry.IsDir() {
			c.configPath, c.configDir = existing(filepath.Join(path, "config.yaml")), existing(filepath.Join(path, "conf.d"))
			if head = c.configPath; head == "" {
				files, err := filepath.Glob(filepath.Join(c.configDir, "*.yaml"))
				if err != nil || len(files) == 0 {
					return nil, fmt.Errorf("%s holds neither config.yaml nor conf.d/*.yaml", path)
				}
				head = files[0]
			}
		}
		if err := readHead(head, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", head, err)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// readHead reads the lines "# env: {…}", "# ask: {…}" and "# path: "…"" at the head of a case.
func readHead(path string, c *testCase) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(data), "\n") {
		if !strings.HasPrefix(line, "#") {
			return nil
		}
		if text, found := strings.CutPrefix(line, "# env: "); found {
			if err := json.Unmarshal([]byte(text), &c.env); err != nil {
				return err
			}
		}
		if text, found := strings.CutPrefix(line, "# ask: "); found {
			var q question
			if err := json.Unmarshal([]byte(text), &q); err != nil {
				return err
			}
			c.questions = append(c.questions, q)
		}
		if text, found := strings.CutPrefix(line, "# path: "); found {
			var path string
			if err := json.Unmarshal([]byte(text), &path); err != nil {
				return err
			}
			c.paths = append(c.paths, path)
		}
	}
	return nil
}
