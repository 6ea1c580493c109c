"""Searches an owner's images by words or by similarity to one of them, and lists their groups and tags."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.images.sensitive import NOT_SEARCHED
from image_store.entrypoints.finding import groups
from image_store.entrypoints.finding.pages import search_answer, similar_answer
from image_store.entrypoints.finding.query_schemas import SearchParameters, SimilarParameters
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request

api = Api("Search")


@api.get(
    "/v1/search",
    summary="Search images",
    query="SearchParameters",
    answers={200: "SearchPage"},
    problems=(400, 503),
)
def search_images(request: Request) -> "Response[str]":
    """Finds your images by words in title, tags, filename, alternative text and prompt."""
    app = application()
    parameters = request.query(SearchParameters)
    page = app.finding.search.page(parameters.to_domain(request.owner), cursor=parameters.cursor)
    not_searched = NOT_SEARCHED if app.settings.encryption.seals_sensitive else ()
    return search_answer(app.answers, page, parameters.fields, not_searched=not_searched)


@api.get(
    "/v1/images/<image_id>/similar",
    summary="Find images that look like an image",
    query="SimilarParameters",
    answers={200: "SimilarImages"},
    problems=(400, 404, 503),
)
def list_similar_images(request: Request, image_id: str) -> "Response[str]":
    """Lists your images that look like this one, the most similar first."""
    app = application()
    limit = request.query(SimilarParameters).limit
    images = app.finding.similarity.similar(request.owner, image_id, limit=limit)
    return similar_answer(app.answers, images)


@api.get(
    "/v1/groups",
    summary="List groups",
    query="GroupsQuery",
    answers={200: "GroupPage"},
    problems=(400, 503),
)
def list_groups(request: Request) -> "Response[str]":
    """Lists your groups with their titles, covers and numbers of images, in the order of type and id.

    A group exists if it was created or has images that are not in the trash.
    """
    app = application()
    query, cursor = groups.read_groups_query(request)
    return groups.group_page(app.answers, *app.finding.place_lists.groups(query, cursor=cursor))


@api.get(
    "/v1/groups/<group+>",
    summary="Get a group",
    answers={200: "Group"},
    problems=(404, 503),
)
def get_group(request: Request, group: str) -> "Response[str]":
    """Returns one group, which is named as `type:id`."""
    app = application()
    shown = app.finding.place_lists.group(request.owner, groups.name_in_path(group))
    return groups.group(app.answers, shown)


@api.get(
    "/v1/tags",
    summary="List tags",
    query="TagsQuery",
    answers={200: "TagPage"},
    problems=(400, 503),
)
def list_tags(request: Request) -> "Response[str]":
    """Lists the tags of your images with their numbers of images, in order. Images in the trash do not count."""
    query, cursor = groups.read_tags_query(request)
    return groups.tag_page(*application().finding.place_lists.tags(query, cursor=cursor))


lambda_handler = api.handler()
