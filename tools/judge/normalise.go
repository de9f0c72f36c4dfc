package main

import (
	"fmt"
	"math"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/mostlygeek/llama-swap/internal/config"
)

type object = map[string]any

// normalise says what a loaded config means, in a form that owes nothing to Go: see tests/judge/README.md for each key.
func normalise(c config.Config) object {
	models := object{}
	for id, model := range c.Models {
		models[id] = normaliseModel(model)
	}
	peers := object{}
	names := map[string]bool{}
	for id, peer := range c.Peers {
		peers[id] = object{
			"proxy": peer.Proxy, "apiKey": peer.ApiKey, "models": unique(peer.Models),
			"filters": normaliseFilters(peer.Filters), "timeouts": normaliseTimeouts(peer.Timeouts),
		}
		for _, model := range peer.Models {
			names[model], names[config.PeerModelFQN(id, model)] = true, true
		}
	}
	peerNames := object{}
	for name := range names {
		if peer, model, found := c.ResolvePeerModel(name); found {
			peerNames[name] = peer + " serves " + model
		}
	}
	aliases := object{}
	for _, model := range c.Models {
		for _, alias := range model.Aliases {
			aliases[alias], _ = c.RealModelName(alias)
		}
	}
	return object{
		"models": models, "aliases": aliases, "peers": peers, "peerNames": peerNames,
		"healthCheckTimeout": c.HealthCheckTimeout, "logLevel": logLevel(c.LogLevel), "logTimeFormat": logTimeFormat(c.LogTimeFormat),
		"logToStdout": c.LogToStdout, "startPort": c.StartPort, "globalTTL": c.GlobalTTL, "unloadTimeout": c.UnloadTimeout,
		"sendLoadingState": c.SendLoadingState, "includeAliasesInList": c.IncludeAliasesInList, "apiKeys": list(c.RequiredAPIKeys),
		"preload": list(c.Hooks.OnStartup.Preload), "ignorePaths": ignorePaths(c), "sessionHeaders": list(c.UI.Activity.SessionID),
		"captureBuffer": max(0, c.CaptureBuffer), "metricsMaxInMemory": orDefault(c.MetricsMaxInMemory, 1000),
		"performanceEveryMs": performance(c), "store": store(c), "profiles": profiles(c), "selectors": selectors(c), "routing": routing(c),
	}
}

func normaliseModel(m config.ModelConfig) object {
	return object{
		"cmd": words(m.Cmd), "cmdStop": words(m.CmdStop), "proxy": m.Proxy, "checkEndpoint": probedPath(m.CheckEndpoint),
		"aliases": sorted(m.Aliases), "env": list(m.Env), "ttl": m.UnloadAfter, "unloadTimeout": m.UnloadTimeout,
		"healthCheckTimeout": m.HealthCheckTimeout, "concurrencyLimit": max(0, m.ConcurrencyLimit), "useModelName": m.UseModelName,
		"name": m.Name, "description": m.Description, "unlisted": m.Unlisted, "metadata": mapping(m.Metadata),
		"capabilities": capabilities(m.Capabilities), "filters": normaliseFilters(m.Filters.Filters),
		"timeouts": normaliseTimeouts(m.Timeouts), "sendLoadingState": m.SendLoadingState != nil && *m.SendLoadingState,
		"ignoreWebsockets": m.Compat.IgnoreWebsockets,
	}
}

// probedPath is what the readiness probe asks for below the base path of the proxy; "none" is no probe.
func probedPath(endpoint string) string {
	if strings.TrimSpace(endpoint) == "none" {
		return "none"
	}
	request, err := http.NewRequest("GET", endpoint, nil)
	if err != nil {
		return "(no request: " + endpoint + ")"
	}
	path := "/" + strings.TrimPrefix(request.URL.EscapedPath(), "/")
	if request.URL.RawQuery != "" {
		path += "?" + request.URL.RawQuery
	}
	return path
}

// words splits a command as llama-swap does when it runs it; no words are null.
func words(command string) any {
	args, err := config.SanitizeCommand(command)
	if err != nil {
		return nil
	}
	return args
}

func capabilities(c config.ModelCapConfig) any {
	if c.Empty() {
		return nil
	}
	return object{"in": list(c.In), "out": list(c.Out), "tools": c.Tools, "reranker": c.Reranker, "context": c.Context}
}

func normaliseFilters(f config.Filters) object {
	set, _ := f.SanitizedSetParams()
	byID := object{}
	for id := range f.SetParamsByID {
		if params, _ := f.SanitizedSetParamsByID(id); params != nil {
			byID[id] = mapping(params)
		}
	}
	return object{"strip": list(f.SanitizedStripParams()), "set": mapping(set), "setByID": byID}
}

func normaliseTimeouts(t config.TimeoutsConfig) object {
	return object{
		"connect": t.Connect, "keepalive": t.KeepAlive, "responseHeader": t.ResponseHeader, "tlsHandshake": t.TLSHandshake,
		"expectContinue": t.ExpectContinue, "idleConn": t.IdleConn,
	}
}

func logLevel(level string) string {
	switch level = strings.ToLower(strings.TrimSpace(level)); level {
	case "debug", "warn", "error":
		return level
	}
	return "info"
}

func logTimeFormat(name string) string {
	switch name = strings.ToLower(strings.TrimSpace(name)); name {
	case "ansic", "unixdate", "rubydate", "rfc822", "rfc822z", "rfc850", "rfc1123", "rfc1123z", "rfc3339", "rfc3339nano",
		"kitchen", "stamp", "stampmilli", "stampmicro", "stampnano":
		return name
	}
	return ""
}

func ignorePaths(c config.Config) []string {
	patterns := []string{}
	for _, pattern := range c.Upstream.IgnorePaths {
		patterns = append(patterns, pattern.String())
	}
	return patterns
}

func performance(c config.Config) any {
	if c.Performance.Disabled {
		return nil
	}
	return c.Performance.Every.Milliseconds()
}

func store(c config.Config) any {
	if c.Store == nil {
		return nil
	}
	return strings.TrimSpace(c.Store.Path)
}

func profiles(c config.Config) object {
	all := object{}
	for id, profile := range c.Profiles {
		pins := object{}
		for name, target := range profile.Pins {
			pins[name] = target
		}
		all[id] = object{"description": profile.Description, "pins": pins}
	}
	return all
}

func selectors(c config.Config) object {
	all := object{}
	for id, s := range c.Selectors {
		all[id] = object{
			"strategy": s.Strategy, "targets": list(s.Targets), "spillover": s.Settings.Spillover, "name": s.Name,
			"description": s.Description, "unlisted": s.Unlisted, "metadata": mapping(s.Metadata),
		}
	}
	return all
}

func routing(c config.Config) object {
	r := c.Routing
	priorities := object{}
	for id, priority := range r.Scheduler.Settings.Fifo.Priority {
		priorities[id] = priority
	}
	out := object{"router": r.Router.Use, "scheduler": r.Scheduler.Use, "priorities": priorities}
	if r.Router.Use == "matrix" {
		m := r.Router.Settings.Matrix
		sets, vars, costs := object{}, object{}, object{}
		for _, set := range m.Sets {
			sets[set.Name] = set.DSL
		}
		for name, model := range m.Var {
			vars[name] = model
		}
		for model, cost := range m.ResolvedEvictCosts() {
			costs[model] = cost
		}
		out["matrix"] = object{"sets": sets, "vars": vars, "costs": costs}
		return out
	}
	groups := object{}
	for id, g := range r.Router.Settings.Groups {
		groups[id] = object{"swap": g.Swap, "exclusive": g.Exclusive, "persistent": g.Persistent, "members": sorted(g.Members)}
	}
	out["groups"] = groups
	return out
}

func orDefault(n, standard int) int {
	if n <= 0 {
		return standard
	}
	return n
}

func list(items []string) []string {
	return append([]string{}, items...)
}

func sorted(items []string) []string {
	out := list(items)
	sort.Strings(out)
	return out
}

func unique(items []string) []string {
	seen := map[string]bool{}
	out := []string{}
	for _, item := range items {
		if !seen[item] {
			seen[item] = true
			out = append(out, item)
		}
	}
	return out
}

func mapping(m map[string]any) any {
	if m == nil {
		return object{}
	}
	return plain(m)
}

// plain makes any YAML value into one that JSON can hold.
func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := object{}
		for key, item := range v {
			out[key] = plain(item)
		}
		return out
	case map[any]any:
		out := object{}
		for key, item := range v {
			out[fmt.Sprint(key)] = plain(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = plain(item)
		}
		return out
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
		return v
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return v
	}
}
