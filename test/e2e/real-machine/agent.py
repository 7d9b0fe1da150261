#!/usr/bin/python3
# Stands for navarch-node where no binary of it can be had: registers once with what nvidia-smi shows, then sends heartbeats, over the real
# protocol (Connect, JSON). Like it, it takes its token from the environment, and never registers again.
import argparse
import json
import os
import subprocess
import time
import urllib.request

parser = argparse.ArgumentParser()
for flag in ("--server", "--node-id", "--provider", "--region", "--instance-type", "--pool"):
    parser.add_argument(flag, default="")
options = parser.parse_args()


def call(method, message):
    request = urllib.request.Request(
        options.server + "/navarch.ControlPlaneService/" + method,
        json.dumps(message).encode(),
        {"content-type": "application/json", "authorization": "Bearer " + os.environ.get("NAVARCH_AUTH_TOKEN", "")},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def gpus():
    query = ["nvidia-smi", "--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits"]
    for line in subprocess.check_output(query, text=True).splitlines():
        index, uuid, name, memory = [cell.strip() for cell in line.split(",")]
        yield {"index": int(index), "uuid": uuid, "name": name, "memoryTotal": str(int(memory) * 2**20)}


config = call("RegisterNode", {
    "nodeId": options.node_id,
    "provider": options.provider,
    "region": options.region,
    "instanceType": options.instance_type,
    "gpus": list(gpus()),
    "metadata": {"labels": {"pool": options.pool} if options.pool else {}},
})["config"]
print("registered", options.node_id, flush=True)
while True:
    time.sleep(config["heartbeatIntervalSeconds"])
    call("SendHeartbeat", {"nodeId": options.node_id})
