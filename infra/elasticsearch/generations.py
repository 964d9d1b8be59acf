"""Which generations of a model there are, and which one is served."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elasticsearch import ApiError
from eventsourcing.persistence import DataError, OperationalError

from infra.elasticsearch.connection import Connection
from infra.elasticsearch.documents import Model, written_as

_NUMBER = re.compile(r"-g([0-9]+)\Z")
_ALREADY = "resource_already_exists_exception"
# Nothing is seen before it is refreshed, and a worker refreshes when a batch is complete.
_SEEN_WHEN_REFRESHED = "-1"


class Generations:
    """The indices of models, ``<alias>-g<number>``; the alias is on the one that is served."""

    def __init__(self, connection: Connection, *, shards: int, replicas: int) -> None:
        self._connection = connection
        self._settings = {
            "number_of_shards": shards, "number_of_replicas": replicas, "refresh_interval": _SEEN_WHEN_REFRESHED,
        }

    def of(self, models: Iterable[Model]) -> dict[str, dict[int, bool]]:
        """By model, its generations, and whether each is the one that is served."""
        wanted = {model.alias: model.name for model in models}
        patterns = ",".join(f"{alias}-g*" for alias in wanted)
        found: Mapping[str, Any] = self._connection.administer(
            lambda client: client.indices.get_alias(index=patterns, allow_no_indices=True).body
        )
        generations: dict[str, dict[int, bool]] = {name: {} for name in wanted.values()}
        for index, entry in found.items():
            if number := _NUMBER.search(index):
                alias = index[: number.start()]
                generations[wanted[alias]][int(number[1])] = alias in entry["aliases"]
        return generations

    def create(self, models: Sequence[Model], generation: int, *, served: bool) -> bool:
        """Creates a generation of each; False when some were there already."""
        made = [self._create(model, generation, served) for model in models]
        return all(made)

    def serve(self, models: Sequence[Model], generation: int) -> None:
        """Serves ``generation`` of every one of ``models``, and drops the earlier ones, at one stroke."""
        actions: list[dict[str, Any]] = []
        found = self.of(models)
        for model in models:
            actions.append({"add": {"index": model.index(generation), "alias": model.alias}})
            earlier = [number for number in found[model.name] if number < generation]
            actions += [{"remove_index": {"index": model.index(number)}} for number in earlier]
        self._connection.administer(lambda client: client.indices.update_aliases(actions=actions))

    def drop(self, models: Iterable[Model], generation: int) -> None:
        indices = ",".join(model.index(generation) for model in models)
        self._connection.administer(lambda client: client.indices.delete(index=indices, ignore_unavailable=True))

    def drop_all(self, models: Sequence[Model]) -> None:
        """Drops every generation of each, the served one too."""
        found = self.of(models)
        for model in models:
            for generation in found[model.name]:
                self.drop([model], generation)

    def refresh(self, indices: Iterable[str]) -> None:
        """Lets every search see what was written."""
        answer = self._connection.administer(lambda client: client.indices.refresh(index=",".join(indices)).body)
        if failed := answer["_shards"]["failed"]:
            raise OperationalError(f"{failed} shards were not refreshed: {str(answer)[:500]}")

    def _create(self, model: Model, generation: int, served: bool) -> bool:
        index = model.index(generation)
        aliases: dict[str, Any] = {written_as(index): {}}
        if served:
            aliases[model.alias] = {}
        try:
            self._connection.administer(lambda client: client.indices.create(
                index=index, mappings=model.mappings(), settings=self._settings, aliases=aliases,
            ))
        except DataError as error:
            if isinstance(error.__cause__, ApiError) and error.__cause__.error == _ALREADY:
                return False
            raise
        return True
