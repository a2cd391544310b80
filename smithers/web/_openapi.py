"""The OpenAPI document (3.1), made from the table of routes."""

from __future__ import annotations

import http
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter

from smithers.web._problems import MEDIA, Problem
from smithers.web._routes import EVENTS, Json, Route

__all__ = ["openapi"]

_ALL = (400, 401, 403, 405, 408, 413, 421, 429, 431, 500, 503)
"""What any request may be answered with, whatever it asks for."""
_OPEN = (400, 405, 408, 413, 421, 429, 431, 500)
_PATH: dict[str, Json] = {
    "run": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    "task": {"type": "string", "minLength": 1, "maxLength": 250},
    "frame": {"type": "integer", "minimum": 0, "maximum": 2**53},
    "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}
_ABOUT = {
    "run": "The id of the run.",
    "task": "The task, such as plan or review[2]; without an iteration its last one.",
    "frame": "The number of the frame, from 0.",
    "name": "The name of the hook.",
}
_REF = "#/components/schemas/{model}"


def openapi(routes: Sequence[Route], version: str) -> Json:
    """The document for these routes."""
    schemas: Json = {}
    problem = _schema(Problem, schemas)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, problem)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Smithers",
            "version": version,
            "description": "Runs of workflows of AI agents: read them, answer them, start them.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `smithers token add NAME --scope read`.",
                }
            },
        },
    }


def _operation(route: Route, schemas: Json, problem: Json) -> Json:
    found: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas)],
        "responses": _responses(route, schemas, problem),
    }
    if route.scope is not None:
        found["security"] = [{"token": []}]
        found["x-scope"] = route.scope
    else:
        found["security"] = []
    if route.streams:
        about = "The `id` of the last message that was received; it goes before `after`."
        found["parameters"].append(_header("Last-Event-ID", about))
    elif route.method == "GET" and route.scope is not None:
        found["parameters"].append(_header("If-None-Match", "An `ETag` of an earlier answer."))
    if route.raw:
        content: Json = {media: {"schema": {}} for media in route.raw}
        found["requestBody"] = {"required": True, "content": content}
    if route.body is not None:
        found["responses"]["415"] = _refusal(415, problem)
        found["responses"]["422"] = _refusal(422, problem)
        schema = _schema(route.body, schemas)
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
        found["parameters"].append(
            _header(
                "Idempotency-Key",
                "A text of the caller that names this request; a second one with it gets the"
                " first one's answer.",
                minLength=1,
                maxLength=200,
            )
        )
    return found


def _header(name: str, description: str, **schema: int) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", **schema},
    }


def _path_parameters(route: Route) -> Iterator[Json]:
    for name in route.names:
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _ABOUT[name],
            "schema": _PATH[name],
        }


def _query_parameters(route: Route, schemas: Json) -> Iterator[Json]:
    found = route.query.model_json_schema(ref_template=_REF)
    schemas.update(found.get("$defs", {}))
    for name, schema in found.get("properties", {}).items():
        described = {key: value for key, value in schema.items() if key != "title"}
        yield {
            "name": name,
            "in": "query",
            "required": name in found.get("required", ()),
            "description": described.pop("description", ""),
            "schema": _without_null(described),
        }


def _without_null(schema: Json) -> Json:
    """A parameter of a query is left out, never null."""
    options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(options) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**options[0], **rest}


def _responses(route: Route, schemas: Json, problem: Json) -> Json:
    schema = {} if route.result is None else _schema(route.result, schemas)
    content: Json = {media: {"schema": schema} for media in route.media}
    if route.streams:
        content = {
            media: {"schema": _message(schema) if media == EVENTS else {"type": "string"}}
            for media in route.media
        }
    answered: Json = {
        "description": http.HTTPStatus(route.status).phrase,
        "content": content,
    }
    found: Json = {str(route.status): answered}
    if route.streams:
        found["204"] = {"description": "No Content: the last message was the end."}
    elif route.method == "GET" and route.scope is not None:
        answered["headers"] = {"ETag": {"schema": {"type": "string"}}}
        found["304"] = {"description": "Not Modified"}
    refusals = {*(_OPEN if route.scope is None else _ALL), *route.statuses}
    if route.names:
        refusals.add(404)
    for status in sorted(refusals):
        found[str(status)] = _refusal(status, problem)
    return found


def _message(data: Json) -> Json:
    """A server-sent event."""
    text: Json = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "id": text,
            "event": text,
            "data": {**text, "contentMediaType": "application/json", "contentSchema": data},
            "retry": {"type": "integer"},
        },
        "required": ["data"],
    }


def _refusal(status: int, problem: Json) -> Json:
    return {
        "description": http.HTTPStatus(status).phrase,
        "content": {MEDIA: {"schema": problem}},
    }


def _schema(model: Any, schemas: Json) -> Json:
    """A reference to the schema of a type, which is added to `schemas` with those that it uses."""
    found = TypeAdapter[Any](model).json_schema(ref_template=_REF)
    schemas.update(found.pop("$defs", {}))
    if "$ref" in found or "anyOf" in found:
        return found
    name = model.__name__
    schemas[name] = found
    return {"$ref": _REF.format(model=name)}
