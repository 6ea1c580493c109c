"""Reads the rows of searches: terms and perceptual hashes."""

from collections.abc import Mapping, Sequence
from typing import Any

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.finding import cards
from image_store.adapters.dynamodb.finding.filters import filter_expression
from image_store.adapters.dynamodb.finding.projections import terms_in
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.finding.cards import Card
from image_store.domain.finding.filters import conditions_of
from image_store.domain.finding.search import SearchQuery, TermRow, TermRows
from image_store.domain.finding.similarity import SimilarityCandidate, bands
from image_store.domain.ids import id_bounds
from image_store.domain.images.image import State
from image_store.ports.finding import SearchIndex, SimilarityIndex

_READ = ("id", "terms", "packed")


class DynamoSearchIndex(OnTable, SearchIndex):
    """SearchIndex on the one table."""

    def rows(
        self, query: SearchQuery, word: str, *, start: str | None, end: str | None, limit: int
    ) -> TermRows:
        partition = keys.terms(query.owner, word, trashed=query.trashed)
        values = {":pk": {"S": partition}, ":word": {"S": word}}
        condition = "pk = :pk AND begins_with(sk, :word)"
        if end is not None:
            condition = "pk = :pk AND sk BETWEEN :word AND :end"
            values[":end"] = {"S": end}
        names = {f"#{name}": name for name in _READ}
        filters = filter_expression(conditions_of(query, on_list_rows=False))
        names |= filters.names
        values |= filters.values
        if query.since is not None or query.until is not None:
            filters.terms.append("#id BETWEEN :low AND :high")
            values[":low"], values[":high"] = ({"S": bound} for bound in id_bounds(query.since, query.until))
        request: dict[str, Any] = {"FilterExpression": " AND ".join(filters.terms)} if filters.terms else {}
        if start is not None:
            request["ExclusiveStartKey"] = keys.key(partition, start)
        rows: list[TermRow] = []
        examined = 0
        while True:
            response = self._rows.call(
                "query",
                **request,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ProjectionExpression=", ".join(["sk", *(f"#{name}" for name in _READ)]),
                Limit=limit - examined,
            )
            rows += map(_term_row, response["Items"])
            examined += response["ScannedCount"]
            last = response.get("LastEvaluatedKey")
            if last is None or examined >= limit:
                return TermRows(tuple(rows), examined, last["sk"]["S"] if last else None)
            request["ExclusiveStartKey"] = last

    def cards(self, query: SearchQuery, image_ids: Sequence[str]) -> Mapping[str, Card]:
        members = set(image_ids)
        partitions = []
        if query.group is not None:
            partitions.append(keys.group(query.owner, query.group))
        if query.tag is not None:
            partitions.append(keys.tagged(query.owner, query.tag, trashed=query.trashed))
        for partition in partitions:
            rows = [keys.key(partition, image_id) for image_id in image_ids if image_id in members]
            members &= {item["sk"]["S"] for item in self._rows.get_many(rows, consistent=False)}
        records = self._rows.get_many(
            [keys.record(image_id) for image_id in dict.fromkeys(image_ids) if image_id in members],
            consistent=False,
        )
        state = (State.TRASHED if query.trashed else State.READY).value
        return {
            card.id: card for card in cards.cards_of(item for item in records if item["state"]["S"] == state)
        }


class DynamoSimilarityIndex(OnTable, SimilarityIndex):
    """SimilarityIndex on the one table."""

    def near(self, owner: str, perceptual_hash: str, *, limit: int) -> Sequence[SimilarityCandidate]:
        candidates: dict[str, SimilarityCandidate] = {}
        for index, band in enumerate(bands(perceptual_hash)):
            # Hundreds of rows stay far below the megabyte that one response holds.
            response = self._rows.call(
                "query",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": keys.hash_band(owner, index, band)}},
                ScanIndexForward=False,
                Limit=limit,
            )
            for candidate in schema.readable(response["Items"], _candidate):
                candidates[candidate.card.id] = candidate
        return list(candidates.values())


def _term_row(item: items.Item) -> TermRow:
    place = item["sk"]["S"]
    return TermRow(place, place.partition(" ")[0], item["id"]["S"], terms_in(item))


@schema.reading
def _candidate(item: items.Item) -> SimilarityCandidate:
    return SimilarityCandidate(cards.card_of(item), item["hash"]["S"])
