// Reads a Compose file as `docker compose config` does: with the Compose project's own reader, which checks it against the specification's
// schema and for consistency. Once for each set of profiles that is named; prints what came of them as one JSON object.
//
//	go run . ../../docker-compose.yml lambda simulator lambda,simulator
//	go run . - lambda < docker-compose.yml
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: compose-check FILE PROFILES..."))
	}
	projects := map[string]json.RawMessage{}
	for _, profiles := range os.Args[2:] {
		project, err := read(os.Args[1], strings.Split(profiles, ","))
		if err != nil {
			fail(fmt.Errorf("with profiles %s: %w", profiles, err))
		}
		projects[profiles] = project
	}
	if err := json.NewEncoder(os.Stdout).Encode(projects); err != nil {
		fail(err)
	}
}

// The environment stays out of it: what the file says by itself has to do.
func read(file string, profiles []string) (json.RawMessage, error) {
	options, err := cli.NewProjectOptions(
		[]string{file},
		cli.WithWorkingDirectory(filepath.Dir(file)),
		cli.WithProfiles(profiles),
		cli.WithResolvedPaths(true),
		cli.WithConsistency(true),
	)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
