// Provisions nodes as any Go service would: plain JSON, Temporal's own client, and nothing of this repository.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// Request is a node to provision: schema/provision-node.request.json.
type Request map[string]any

// Node is a ready one, as far as it is needed here: schema/node.json.
type Node struct{ Name, InstanceType, Address string }

const taskQueue = "navarch-provisioner"

// accept starts the provision, or joins the one that works on the same request. It fails with name_conflict when another request holds the name.
func accept(ctx context.Context, c client.Client, request Request) (client.WorkflowRun, error) {
	id := fmt.Sprintf("provision-node/%s", request["name"])
	start := c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       id,
		TaskQueue:                taskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, "provisionNode", request)
	update, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName:   "accept",
			Args:         []any{request},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return nil, err
	}
	var accepted struct{ WorkflowID, RunID string }
	if err := update.Get(ctx, &accepted); err != nil {
		return nil, err
	}
	return c.GetWorkflow(ctx, accepted.WorkflowID, accepted.RunID), nil
}

// Progress is what the query `progress` answers, as far as it is needed here: schema/progress.json.
type Progress struct {
	Phase, Detail string
	CostUSD       float64
}

func progress(ctx context.Context, c client.Client, run client.WorkflowRun) (Progress, error) {
	var progress Progress
	answer, err := c.QueryWorkflow(ctx, run.GetID(), run.GetRunID(), "progress")
	if err != nil {
		return progress, err
	}
	return progress, answer.Get(&progress)
}

// terminate ends a node, or joins its end in progress, and returns when that is proven.
func terminate(ctx context.Context, c client.Client, name string) (outcome string, err error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       "terminate-node/" + name,
		TaskQueue:                taskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, "terminateNode", map[string]any{"name": name, "reason": "the job is done"})
	if err != nil {
		return "", err
	}
	var ended struct{ Outcome string }
	err = run.Get(ctx, &ended)
	return ended.Outcome, err
}

// describe says what an error means to a caller.
func describe(err error) string {
	var failure *temporal.ApplicationError
	var cancelled *temporal.CanceledError
	switch {
	case errors.As(err, &cancelled):
		return "cancelled"
	case !errors.As(err, &failure):
		return "unknown: " + err.Error()
	}
	switch failure.Type() {
	case "invalid_request":
		var details struct {
			Fields []struct{ Field, Problem string }
		}
		if failure.Details(&details) != nil || len(details.Fields) == 0 {
			return "invalid: " + failure.Message()
		}
		return fmt.Sprintf("invalid %s: %s", details.Fields[0].Field, details.Fields[0].Problem)
	case "name_conflict":
		var details struct{ Fields []string }
		_ = failure.Details(&details)
		return fmt.Sprintf("taken by a request that differs in %v", details.Fields)
	case "node_not_found":
		return "there is no such node"
	default:
		return failure.Type()
	}
}

func main() {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	c := must(client.Dial(client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS"), Logger: quiet{}}))
	defer c.Close()

	request := Request{"name": "go-trainer", "instanceType": "gpu_1x_a10", "pool": "training"}
	run := must(accept(ctx, c, request))
	say("accepted", run.GetID())
	say("in progress", must(progress(ctx, c, run)).Phase != "")
	say("joined", must(accept(ctx, c, request)).GetRunID() == run.GetRunID())
	_, err := accept(ctx, c, Request{"name": "go-trainer", "instanceType": "gpu_1x_a10"})
	say("another request", describe(err))
	var node Node
	check(run.Get(ctx, &node))
	say("ready", node.Name, node.InstanceType, node.Address != "")
	say("terminated", must(terminate(ctx, c, "go-trainer")))
	_, err = terminate(ctx, c, "go-trainer")
	say("terminated again", describe(err))

	waiting := must(accept(ctx, c, Request{"name": "go-waiter", "instanceType": "gpu_8x_h100_sxm5"}))
	for must(progress(ctx, c, waiting)).Phase != "waiting_for_capacity" {
		time.Sleep(100 * time.Millisecond)
	}
	check(c.CancelWorkflow(ctx, waiting.GetID(), waiting.GetRunID()))
	say("waiter", describe(waiting.Get(ctx, nil)))

	run = must(accept(ctx, c, Request{"name": "go-dear", "instanceType": "gpu_1x_a10", "maxPricePerHourUsd": 0.01}))
	say("too dear", describe(run.Get(ctx, nil)))
	bad := Request{"name": "go-bad", "instanceType": "gpu_1x_a10", "regoin": "us-east-1"}
	_, err = accept(ctx, c, bad)
	say("bad request", describe(err))

	say("by Nexus", must(callFromElsewhere(ctx, Request{"name": "go-nexus", "instanceType": "gpu_1x_a10"})).Name)
	_, err = callFromElsewhere(ctx, bad)
	say("bad by Nexus", describe(err))
	_, err = callFromElsewhere(ctx, Request{"name": "go-nexus", "instanceType": "gpu_1x_h100_sxm5"})
	say("another by Nexus", describe(err))
	say("terminated", must(terminate(ctx, c, "go-nexus")))
}

func say(what string, values ...any) {
	fmt.Println(append([]any{what + ":"}, values...)...)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
