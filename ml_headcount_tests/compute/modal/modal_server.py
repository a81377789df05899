"""A server on this machine that speaks Modal's protocol, for Modal's own client to talk to.

It answers the remote procedure calls that running an app takes: the app, its images, the source
that is mounted into them, its functions, and calls of these. What a function does is up to
`Runner`, which is handed the mounted source as files; the server itself decides only whether a
call goes well. Large inputs and results travel through a store of blobs over HTTP, as with Modal.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import pickle
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpclib.server
from aiohttp import web
from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_grpc, api_pb2

#: Does what a function does: (its definition, its first argument, folder with the source) to its
#: result. May raise `WorkerDied`.
Runner = Callable[[api_pb2.Function, bytes, Path], bytes]

_DONE = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
_DIED = api_pb2.GenericResult.GENERIC_STATUS_INTERNAL_FAILURE
_RAISED = api_pb2.GenericResult.GENERIC_STATUS_FAILURE
_INLINE = 8_192  # larger inputs of spawned calls go through the store of blobs


class WorkerDied(Exception):
    """The machine that a call ran on is gone."""


@dataclass
class Seen:
    """What the client has asked for."""

    calls: Counter[str] = field(default_factory=Counter)
    functions: dict[str, api_pb2.Function] = field(default_factory=dict)
    images: dict[str, api_pb2.Image] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    disconnected: list[int] = field(default_factory=list)


def _unanswered(name: str) -> Callable[..., Awaitable[None]]:
    async def refuse(self: object, stream: Any) -> None:
        await stream.recv_message()
        raise GRPCError(Status.UNIMPLEMENTED, name)

    return refuse


_Unanswered = type(
    "_Unanswered",
    (api_grpc.ModalClientBase,),
    {
        name: _unanswered(name)
        for name, member in vars(api_grpc.ModalClientBase).items()
        if getattr(member, "__isabstractmethod__", False)
    },
)


def _answers(method: Callable[..., Any]) -> Callable[..., Awaitable[None]]:
    """Turn a method from request to response into the handler of a remote procedure."""

    async def handle(self: _Service, stream: Any) -> None:
        request = await stream.recv_message()
        self.seen.calls[method.__name__] += 1
        response = method(self, request)
        await stream.send_message(await response if inspect.isawaitable(response) else response)

    return handle


class _Service(_Unanswered):  # type: ignore[misc, valid-type]
    def __init__(self, runner: Runner, folder: Path, seen: Seen) -> None:
        self.runner, self.folder, self.seen = runner, folder, seen
        self.blobs: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.mounts: dict[str, Path] = {}
        self.results: dict[str, asyncio.Task[api_pb2.GenericResult]] = {}
        self.blob_address = ""

    @_answers
    def ClientHello(self, request: Empty) -> api_pb2.ClientHelloResponse:
        return api_pb2.ClientHelloResponse()

    @_answers
    def EnvironmentGetOrCreate(
        self, request: api_pb2.EnvironmentGetOrCreateRequest
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        settings = api_pb2.EnvironmentSettings(image_builder_version="2025.06")
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id="en-1",
            metadata=api_pb2.EnvironmentMetadata(name="main", settings=settings),
        )

    @_answers
    def AppCreate(self, request: api_pb2.AppCreateRequest) -> api_pb2.AppCreateResponse:
        page = f"{self.blob_address}/apps/ap-1"
        return api_pb2.AppCreateResponse(app_id="ap-1", app_page_url=page, app_logs_url=page)

    @_answers
    def AppHeartbeat(self, request: api_pb2.AppHeartbeatRequest) -> Empty:
        return Empty()

    @_answers
    def AppPublish(self, request: api_pb2.AppPublishRequest) -> api_pb2.AppPublishResponse:
        return api_pb2.AppPublishResponse(url=f"{self.blob_address}/apps/ap-1")

    @_answers
    def AppClientDisconnect(self, request: api_pb2.AppClientDisconnectRequest) -> Empty:
        self.seen.disconnected.append(request.reason)
        for task in self.results.values():
            task.cancel()
        return Empty()

    @_answers
    def ImageGetOrCreate(
        self, request: api_pb2.ImageGetOrCreateRequest
    ) -> api_pb2.ImageGetOrCreateResponse:
        content = request.image.SerializeToString(deterministic=True)
        name = f"im-{hashlib.sha256(content).hexdigest()[:16]}"
        self.seen.images[name] = request.image
        return api_pb2.ImageGetOrCreateResponse(
            image_id=name, result=api_pb2.GenericResult(status=_DONE)
        )

    @_answers
    def VolumeGetOrCreate(
        self, request: api_pb2.VolumeGetOrCreateRequest
    ) -> api_pb2.VolumeGetOrCreateResponse:
        return api_pb2.VolumeGetOrCreateResponse(volume_id="vo-1", version=request.version)

    @_answers
    def MountBatchedCheckExistence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        missing = [each for each in request.sha256_hex_hashes if each not in self.files]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    @_answers
    def MountPutFile(self, request: api_pb2.MountPutFileRequest) -> api_pb2.MountPutFileResponse:
        if request.WhichOneof("data_oneof") is not None:
            content = self.blobs[request.data_blob_id] if request.data_blob_id else request.data
            assert hashlib.sha256(content).hexdigest() == request.sha256_hex
            self.files[request.sha256_hex] = content
        return api_pb2.MountPutFileResponse(exists=request.sha256_hex in self.files)

    @_answers
    def MountGetOrCreate(
        self, request: api_pb2.MountGetOrCreateRequest
    ) -> api_pb2.MountGetOrCreateResponse:
        if not request.files:  # Modal's own client, which every image has
            return api_pb2.MountGetOrCreateResponse(mount_id="mo-client")
        name = f"mo-{len(self.mounts) + 1}"
        self.mounts[name] = self.folder / name
        for each in request.files:
            path = self.mounts[name] / each.filename.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files[each.sha256_hex])
        return api_pb2.MountGetOrCreateResponse(mount_id=name)

    @_answers
    def FunctionPrecreate(
        self, request: api_pb2.FunctionPrecreateRequest
    ) -> api_pb2.FunctionPrecreateResponse:
        return api_pb2.FunctionPrecreateResponse(
            function_id=f"fu-{request.function_name}",
            handle_metadata=_handle(request.function_name),
        )

    @_answers
    def FunctionCreate(
        self, request: api_pb2.FunctionCreateRequest
    ) -> api_pb2.FunctionCreateResponse:
        ranked = [each.function for each in request.function_data.ranked_functions]
        function = ranked[0] if ranked else request.function
        name = function.function_name or request.function_data.function_name
        self.seen.functions[f"fu-{name}"] = function
        return api_pb2.FunctionCreateResponse(
            function_id=f"fu-{name}",
            function=function,
            function_data=api_pb2.FunctionData(
                ranked_functions=[api_pb2.FunctionData.RankedFunction(function=function)]
            ),
            handle_metadata=_handle(name),
        )

    @_answers
    def FunctionMap(self, request: api_pb2.FunctionMapRequest) -> api_pb2.FunctionMapResponse:
        (item,) = request.pipelined_inputs
        by_blob = item.input.WhichOneof("args_oneof") == "args_blob_id"
        content = self.blobs[item.input.args_blob_id] if by_blob else item.input.args
        (payload,), _ = pickle.loads(content)
        name = f"fc-{len(self.results) + 1}"
        self.results[name] = asyncio.ensure_future(self._run(request.function_id, payload))
        put = api_pb2.FunctionPutInputsResponseItem(idx=0, input_id=f"in-{name}")
        return api_pb2.FunctionMapResponse(function_call_id=name, pipelined_inputs=[put])

    async def _run(self, function_id: str, payload: bytes) -> api_pb2.GenericResult:
        function = self.seen.functions[function_id]
        (source,) = (self.mounts[each] for each in function.mount_ids if each in self.mounts)
        try:
            result = await asyncio.to_thread(self.runner, function, payload, source)
        except WorkerDied as death:
            return api_pb2.GenericResult(status=_DIED, exception=str(death))
        except Exception as error:  # noqa: BLE001, what a worker raises is its caller's to judge
            return api_pb2.GenericResult(
                status=_RAISED, exception=repr(error), data=pickle.dumps(error)
            )
        data = pickle.dumps(result)
        if len(data) <= _INLINE:
            return api_pb2.GenericResult(status=_DONE, data=data)
        return api_pb2.GenericResult(status=_DONE, data_blob_id=self._keep(data))

    @_answers
    async def FunctionGetOutputs(
        self, request: api_pb2.FunctionGetOutputsRequest
    ) -> api_pb2.FunctionGetOutputsResponse:
        task = self.results[request.function_call_id]
        await asyncio.wait([task], timeout=request.timeout)
        if not task.done():
            return api_pb2.FunctionGetOutputsResponse(num_unfinished_inputs=1)
        gone = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_TERMINATED)
        output = api_pb2.FunctionGetOutputsItem(
            idx=0,
            data_format=api_pb2.DATA_FORMAT_PICKLE,
            result=gone if task.cancelled() else task.result(),
        )
        return api_pb2.FunctionGetOutputsResponse(outputs=[output])

    @_answers
    def FunctionCallCancel(self, request: api_pb2.FunctionCallCancelRequest) -> Empty:
        self.seen.cancelled.append(request.function_call_id)
        self.results[request.function_call_id].cancel()
        return Empty()

    @_answers
    def BlobCreate(self, request: api_pb2.BlobCreateRequest) -> api_pb2.BlobCreateResponse:
        name = f"bl-{self.seen.calls['BlobCreate']}"
        return api_pb2.BlobCreateResponse(
            blob_ids=[name],
            upload_urls=api_pb2.UploadUrlList(items=[f"{self.blob_address}/{name}"]),
        )

    @_answers
    def BlobGet(self, request: api_pb2.BlobGetRequest) -> api_pb2.BlobGetResponse:
        return api_pb2.BlobGetResponse(download_url=f"{self.blob_address}/{request.blob_id}")

    def _keep(self, content: bytes) -> str:
        name = f"bl-result-{len(self.blobs)}"
        self.blobs[name] = content
        return name

    async def put_blob(self, request: web.Request) -> web.Response:
        content = await request.read()
        self.blobs[request.match_info["name"]] = content
        return web.Response(headers={"ETag": hashlib.md5(content).hexdigest()})

    async def get_blob(self, request: web.Request) -> web.Response:
        return web.Response(body=self.blobs[request.match_info["name"]])


def _handle(name: str) -> api_pb2.FunctionHandleMetadata:
    return api_pb2.FunctionHandleMetadata(
        function_name=name,
        max_async_object_size_bytes=_INLINE,
        supported_input_formats=[api_pb2.DATA_FORMAT_PICKLE],
        supported_output_formats=[api_pb2.DATA_FORMAT_PICKLE],
    )


@contextmanager
def modal_server(runner: Runner, folder: Path) -> Iterator[tuple[str, Seen]]:
    """Serve while the context lasts; yields the address and what is asked for."""
    seen, started, stop = Seen(), threading.Event(), asyncio.Event()
    service = _Service(runner, folder, seen)
    loop = asyncio.new_event_loop()
    address: list[str] = []

    async def serve() -> None:
        app = web.Application(client_max_size=2**30)
        app.add_routes([web.put("/{name}", service.put_blob), web.get("/{name}", service.get_blob)])
        pages = web.AppRunner(app)
        await pages.setup()
        site = web.TCPSite(pages, "127.0.0.1", 0)
        await site.start()
        service.blob_address = f"http://127.0.0.1:{_port(site._server.sockets)}"
        server = grpclib.server.Server([service])
        await server.start("127.0.0.1", 0)
        address.append(f"http://127.0.0.1:{_port(server._server.sockets)}")
        started.set()
        await stop.wait()
        server.close()
        await server.wait_closed()
        await pages.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(timeout=30)
    try:
        yield address[0], seen
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)
        loop.close()


def _port(sockets: Iterable[Any]) -> int:
    return next(iter(sockets)).getsockname()[1]
