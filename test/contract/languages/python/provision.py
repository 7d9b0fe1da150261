"""Provisions nodes as any Python service would: plain JSON, Temporal's own client, and nothing of this repository."""

import asyncio
import os
from typing import Any

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, CancelledError

TASK_QUEUE = "navarch-provisioner"


async def accept(client: Client, request: dict[str, Any]) -> WorkflowHandle:
    """Starts the provision, or joins the one that works on the same request. Fails with name_conflict when another request holds the name."""
    start = WithStartWorkflowOperation(
        "provisionNode",
        request,
        id=f"provision-node/{request['name']}",
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    accepted = await client.execute_update_with_start_workflow("accept", request, start_workflow_operation=start)
    return client.get_workflow_handle(accepted["workflowId"], run_id=accepted["runId"])


async def terminate(client: Client, name: str) -> str:
    """Ends a node, or joins its end in progress, and returns when that is proven."""
    ended = await client.execute_workflow(
        "terminateNode",
        {"name": name, "reason": "the job is done"},
        id=f"terminate-node/{name}",
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    return ended["outcome"]


def describe(error: WorkflowFailureError | WorkflowUpdateFailedError) -> str:
    """What an error means to a caller."""
    failure = error.cause
    if isinstance(failure, CancelledError):
        return "cancelled"
    if not isinstance(failure, ApplicationError):
        return f"unknown: {failure}"
    details = failure.details[0] if failure.details else {}
    match failure.type:
        case "invalid_request" if "fields" in details:
            field = details["fields"][0]
            return f"invalid {field['field']}: {field['problem']}"
        case "name_conflict":
            return f"taken by a request that differs in {details.get('fields')}"
        case "node_not_found":
            return "there is no such node"
        case _:
            return failure.type or "unknown"


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])

    request = {"name": "py-trainer", "instanceType": "gpu_1x_a10", "pool": "training"}
    provision = await accept(client, request)
    say("accepted", provision.id)
    progress = await provision.query("progress")
    say("in progress", progress["phase"] != "")
    joined = await accept(client, request)
    say("joined", joined.run_id == provision.run_id)
    try:
        await accept(client, {"name": "py-trainer", "instanceType": "gpu_1x_a10"})
    except WorkflowUpdateFailedError as error:
        say("another request", describe(error))
    node = await provision.result()
    say("ready", node["name"], node["instanceType"], node["address"] != "")
    say("terminated", await terminate(client, "py-trainer"))
    try:
        await terminate(client, "py-trainer")
    except WorkflowFailureError as error:
        say("terminated again", describe(error))

    waiting = await accept(client, {"name": "py-waiter", "instanceType": "gpu_8x_h100_sxm5"})
    while (await waiting.query("progress"))["phase"] != "waiting_for_capacity":
        await asyncio.sleep(0.1)
    await waiting.cancel()
    try:
        await waiting.result()
    except WorkflowFailureError as error:
        say("waiter", describe(error))

    dear = {"name": "py-dear", "instanceType": "gpu_1x_a10", "maxPricePerHourUsd": 0.01}
    try:
        await (await accept(client, dear)).result()
    except WorkflowFailureError as error:
        say("too dear", describe(error))
    try:
        await accept(client, {"name": "py-bad", "instanceType": "gpu_1x_a10", "regoin": "us-east-1"})
    except WorkflowUpdateFailedError as error:
        say("bad request", describe(error))


def say(what: str, *values: object) -> None:
    print(f"{what}:", *values, flush=True)


asyncio.run(asyncio.wait_for(main(), timeout=120))
