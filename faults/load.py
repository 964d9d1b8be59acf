"""Clients that post over HTTP to any of the API processes, and send again, under the same ids, what has no answer."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import httpx
import msgspec

from domain.commands import AnyCommand, BookTrade
from domain.schema import business_content, content_hash
from faults.commands import Commands
from faults.journal import Answer, Journal

ANSWER_SECONDS = 20.0
AGAIN_SECONDS = 0.2
PAUSE_SECONDS = (0.05, 0.5)
MOST_IN_A_REQUEST = 8
KNOWN = 200
TO_SEND_AGAIN = {429, 500, 503}


class _Result(msgspec.Struct):
    status: str
    command_id: str = ""
    log: str = ""
    sequence: int = 0
    count: int = 0
    code: str = ""


class Client(threading.Thread):
    """Posts one request after another; ``asking`` is held from a try until its answer is noted."""

    def __init__(self, name: str, seed: int, urls: Sequence[str], key: str, journal: Journal) -> None:
        super().__init__(name=name, daemon=True)
        self._chance = random.Random(f"{name} {seed} posts")
        self._commands = Commands(name, seed)
        self._urls = urls
        self._journal = journal
        self._http = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=ANSWER_SECONDS)
        self._known: dict[str, bytes] = {}
        self.asking = threading.Lock()
        self.stopping = threading.Event()
        self.giving_up = threading.Event()
        self.requests = 0
        self.told: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.trouble = ""

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                fresh = {each.command_id: each for each in self._fresh()}
                bodies = {name: business_content(each) for name, each in fresh.items()}
                self._post(fresh, bodies)
                self.stopping.wait(self._chance.uniform(*PAUSE_SECONDS))
        except Exception as error:  # noqa: BLE001
            self.trouble = f"{type(error).__name__}: {error}"
        finally:
            self._http.close()

    def _fresh(self) -> list[AnyCommand]:
        return [self._commands.next() for _ in range(self._chance.randint(1, MOST_IN_A_REQUEST))]

    def _post(self, fresh: dict[str, AnyCommand], bodies: dict[str, bytes]) -> None:
        number = self.requests + 1
        again = {}
        if self._known and self._chance.random() < 0.2:
            name = self._chance.choice(list(self._known))
            again = {name: self._known[name]}
        wanted = {**bodies, **again}
        attempts = 0
        while not self.giving_up.is_set():
            attempts += 1
            with self.asking:
                if results := self._try(b"\n".join(wanted.values())):
                    self._note(self._answers(number, attempts, again, wanted, results), fresh, wanted)
                    return
            time.sleep(AGAIN_SECONDS)

    def _answers(
        self, number: int, attempts: int, again: Collection[str], wanted: Mapping[str, bytes],
        results: Sequence[_Result],
    ) -> list[Answer]:
        return [
            Answer(
                client=self.name, request=number, place=place, attempts=attempts, again=name in again, command_id=name,
                content=content_hash(body).hex(), status=result.status, log=result.log, sequence=result.sequence,
                count=result.count,
            )
            for place, ((name, body), result) in enumerate(zip(wanted.items(), results, strict=True))
        ]

    def _note(self, answers: Sequence[Answer], fresh: dict[str, AnyCommand], bodies: dict[str, bytes]) -> None:
        self._journal.note(answers)
        for answer in answers:
            command = fresh.get(answer.command_id)
            if isinstance(command, BookTrade) and answer.status == "accepted":
                self._commands.booked = [*self._commands.booked[-KNOWN:], command]
            self._known[answer.command_id] = bodies[answer.command_id]
            self.noted[answer.log] += not answer.again
        self.requests += 1
        while len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]

    def _try(self, body: bytes) -> list[_Result]:
        """The results when every command has its answer; nothing when any of it must be sent again."""
        try:
            answer = self._http.post(f"{self._chance.choice(self._urls)}/v1/commands", content=body)
        except httpx.TransportError:
            self.told["no answer"] += 1
            return []
        self.told[str(answer.status_code)] += 1
        if answer.status_code != httpx.codes.OK:
            if answer.status_code not in TO_SEND_AGAIN:
                raise AssertionError(f"{answer.status_code}: {answer.text[:500]}")
            return []
        results = [msgspec.json.decode(line, type=_Result) for line in answer.text.splitlines()]
        if len(results) != body.count(b"\n") + 1 or any(not each.count for each in results):
            raise AssertionError(f"an answer that cannot be: {answer.text[:500]}")
        return results


class Load:
    """Several clients; whoever waits for them is told when one stopped on what must not be."""

    def __init__(self, clients: int, seed: int, urls: Sequence[str], key: str, journal: Journal) -> None:
        self.clients = [Client(f"client-{number}", seed, urls, key, journal) for number in range(clients)]

    def start(self) -> None:
        for client in self.clients:
            client.start()

    def end(self, seconds: float) -> list[str]:
        """Lets every client finish its request; what keeps some from it."""
        for client in self.clients:
            client.stopping.set()
        deadline = time.monotonic() + seconds
        for client in self.clients:
            client.join(max(0.0, deadline - time.monotonic()))
        late = [f"{client.name} has no answer to its last request" for client in self.clients if client.is_alive()]
        for client in self.clients:
            client.giving_up.set()
            client.join()
        return [*late, *self.troubles()]

    def troubles(self) -> list[str]:
        return [f"{client.name}: {client.trouble}" for client in self.clients if client.trouble]

    def goes_on(self, logs: Collection[str], requests: int = 1) -> Callable[[], bool]:
        """Whether, from now on, every client had so many answers and each of ``logs`` took something new."""
        before, noted = [client.requests for client in self.clients], self.noted()

        def has() -> bool:
            ahead = all(client.requests >= at + requests for client, at in zip(self.clients, before, strict=True))
            now = self.noted()
            return ahead and all(now[log] > noted[log] for log in logs)

        return has

    def noted(self) -> Counter[str]:
        """How many new commands each log took."""
        return sum((client.noted for client in self.clients), Counter())

    def told(self) -> Counter[str]:
        """How often the answers had which status."""
        return sum((client.told for client in self.clients), Counter())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody posts inside, and no answer is on its way to the journal."""
        with ExitStack() as stack:
            for client in self.clients:
                stack.enter_context(client.asking)
            yield
