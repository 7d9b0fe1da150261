/** How long one question to a GPU may take. Eight of them, without NVIDIA's persistence daemon, have been seen to need half a minute to start. */
export const GPU_ANSWER_SECONDS = 60;

/** The script asks two questions, one after the other, and needs a moment of its own. */
export const GPU_PROBE_MS = (2 * GPU_ANSWER_SECONDS + 15) * 1_000;

/** Runs what comes on its standard input, which holds no secret. */
export const GPU_PROBE_COMMAND = 'python3 -';

/**
 * The look at a machine's GPUs, for the python3 of any Ubuntu image: `nvidia-smi` lists them, and on each a CUDA context is made through the
 * driver's own library, which needs no toolkit. Its output is one line of JSON (gpu-report.ts).
 *
 * A call on broken hardware may take minutes, and its process may be beyond SIGKILL. So each question is asked by a process of its own,
 * with a deadline, none is waited for after that, and none holds the output that sshd waits to be closed.
 */
export function gpuProbe(answerSeconds = GPU_ANSWER_SECONDS): string {
  return `# navarch gpu probe 1
ANSWER_SECONDS = ${answerSeconds}
${PROBE}`;
}

const PROBE = `
import ctypes, json, os, select, signal, subprocess, time, uuid

# As nvidia-smi counts them, and all of them.
os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
os.environ.pop("CUDA_VISIBLE_DEVICES", None)


class Question:
    """A piece of work in a process of its own. It names each call before it makes it, and at its end tells what it found."""

    def __init__(self, work, *args):
        self.until = time.monotonic() + ANSWER_SECONDS
        self.pipe, end = os.pipe()
        self.pid = os.fork()
        if self.pid != 0:
            os.close(end)
            return
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nothing, descriptor)

            def say(what):
                os.write(end, (json.dumps(what) + "\\n").encode())

            say({"answer": work(lambda call: say({"call": call}), *args)})
        finally:
            os._exit(0)

    def answer(self):
        text = b""
        error = "no answer"
        while True:
            left = max(0, self.until - time.monotonic())
            if not select.select([self.pipe], [], [], left)[0]:
                break
            chunk = os.read(self.pipe, 65536)
            if not chunk:
                error = "crash"
                break
            text += chunk
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass
        said = [json.loads(line) for line in text.decode().splitlines()]
        if said and "answer" in said[-1]:
            return said[-1]["answer"]
        return {"trouble": {"call": said[-1]["call"] if said else "nothing", "error": error}}


def list_by_nvidia_smi(about_to):
    about_to("nvidia-smi")
    query = ["nvidia-smi", "--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError:
        return {"missing": True}
    text = done.stdout.decode(errors="replace").strip()
    # Newer ones say so with exit code 6, older ones with 0.
    if text == "No devices were found":
        return {"gpus": []}
    if done.returncode != 0:
        return {"failed": " ".join(text.split())[:300] or "exit code %d" % done.returncode}
    gpus = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != 4:
            return {"failed": line[:300]}
        # A GPU that answers only in part says [N/A], or [Unknown Error].
        gpus.append({"uuid": cells[1], "name": cells[2], "memoryMib": int(cells[3]) if cells[3].isdigit() else 0})
    return {"gpus": gpus}


class CudaError(Exception):
    def __init__(self, call, error):
        self.trouble = {"call": call, "error": error}


class Cuda:
    """The driver's library, initialised; every call that fails is an error."""

    def __init__(self, about_to):
        self.about_to = about_to
        self.library = ctypes.CDLL("libcuda.so.1")
        self.call("cuInit", 0)

    def call(self, name, *args):
        # Of some functions the library holds an old version under the plain name.
        function = getattr(self.library, name + "_v2", None) or getattr(self.library, name)
        self.about_to(name)
        error = function(*args)
        if error != 0:
            raise CudaError(name, error)

    def device(self, index):
        device = ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(device), index)
        return device


def list_by_cuda(about_to):
    try:
        cuda = Cuda(about_to)
        count = ctypes.c_int()
        cuda.call("cuDeviceGetCount", ctypes.byref(count))
        gpus = []
        for index in range(count.value):
            device = cuda.device(index)
            id, name, memory = (ctypes.c_ubyte * 16)(), ctypes.create_string_buffer(200), ctypes.c_size_t()
            cuda.call("cuDeviceGetUuid", ctypes.byref(id), device)
            cuda.call("cuDeviceGetName", name, len(name), device)
            cuda.call("cuDeviceTotalMem", ctypes.byref(memory), device)
            gpus.append({
                "uuid": "GPU-" + str(uuid.UUID(bytes=bytes(id))),
                "name": name.value.decode(errors="replace"),
                "memoryMib": memory.value >> 20,
            })
        return {"gpus": gpus}
    except CudaError as error:
        return {"trouble": error.trouble}
    except OSError:
        return {"missing": True}


WORDS = 1 << 18
PATTERN = 0x5EEDF00D


def compute(about_to, index):
    """A context, memory in it, and what the GPU itself wrote there."""
    try:
        cuda = Cuda(about_to)
        device = cuda.device(index)
        context, memory = ctypes.c_void_p(), ctypes.c_uint64()
        cuda.call("cuCtxCreate", ctypes.byref(context), 0, device)
        cuda.call("cuMemAlloc", ctypes.byref(memory), ctypes.c_size_t(4 * WORDS))
        cuda.call("cuMemsetD32", memory, ctypes.c_uint(PATTERN), ctypes.c_size_t(WORDS))
        back = (ctypes.c_uint32 * WORDS)()
        cuda.call("cuMemcpyDtoH", back, memory, ctypes.c_size_t(4 * WORDS))
        if any(word != PATTERN for word in back):
            raise CudaError("cuMemcpyDtoH", "wrong data")
        cuda.call("cuMemFree", memory)
        cuda.call("cuCtxDestroy", context)
        return {}
    except CudaError as error:
        return {"trouble": error.trouble}


def boot_id():
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


by_nvidia_smi, by_cuda = Question(list_by_nvidia_smi), Question(list_by_cuda)
nvidia_smi, cuda = by_nvidia_smi.answer(), by_cuda.answer()
if "trouble" in nvidia_smi:
    nvidia_smi = {"failed": "it does not answer"}
if "gpus" in cuda:
    computing = [Question(compute, index) for index in range(len(cuda["gpus"]))]
    for gpu, question in zip(cuda["gpus"], computing):
        gpu.update(question.answer())
print(json.dumps({"bootId": boot_id(), "nvidiaSmi": nvidia_smi, "cuda": cuda}), flush=True)
os._exit(0)
`;
