package main

import (
	"context"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// wantNode is a workflow of another team: it knows an endpoint and the service behind it.
func wantNode(ctx workflow.Context, request Request) (Node, error) {
	provisioner := workflow.NewNexusClient("navarch-provisioner", "navarch-provisioner")
	operation := provisioner.ExecuteOperation(ctx, "provisionNode", request, workflow.NexusOperationOptions{})
	var node Node
	err := operation.Get(ctx, &node)
	return node, err
}

// callFromElsewhere runs that workflow in the other team's namespace, with a worker of theirs.
func callFromElsewhere(ctx context.Context, request Request) (Node, error) {
	var node Node
	c, err := client.Dial(client.Options{
		HostPort:  os.Getenv("TEMPORAL_ADDRESS"),
		Namespace: os.Getenv("OTHER_NAMESPACE"),
		Logger:    quiet{},
	})
	if err != nil {
		return node, err
	}
	defer c.Close()
	w := worker.New(c, "other-team", worker.Options{})
	w.RegisterWorkflow(wantNode)
	if err := w.Start(); err != nil {
		return node, err
	}
	defer w.Stop()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: "other-team"}, wantNode, request)
	if err != nil {
		return node, err
	}
	return node, run.Get(ctx, &node)
}
