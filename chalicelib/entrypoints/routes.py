"""The four route patterns that serve everything, and the blueprint they are registered on.

API Gateway takes one variable name a depth and no literal beside a variable in one segment, so ``samples:trigger`` is one variable
that is split here. Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-develop.html
"""

from __future__ import annotations

from chalice.app import Blueprint, CORSConfig, Response

from chalicelib.bootstrap import product
from chalicelib.entrypoints.http import respond

api = Blueprint(__name__)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
CONTENT_TYPES: list[str] = []
# What NocoBase's clients send, and what our own calls take. API Gateway answers the preflight with exactly these.
ALLOWED_HEADERS = (
    "X-App X-Authenticator X-CSRF-Token X-Data-Source X-Hostname X-Locale X-Role X-Timezone X-With-ACL-Meta Idempotency-Key If-Match Prefer"
)
CORS = CORSConfig(allow_headers=ALLOWED_HEADERS.split())


@api.route("/api/{resource}", methods=METHODS, content_types=CONTENT_TYPES, cors=CORS)
def of_resource(resource: str) -> Response:
    """An action on a collection: ``samples:list``, ``samples:trigger``, ``auth:signIn``."""
    return respond(product, api.current_request, [resource])


@api.route("/api/{resource}/{id}", methods=METHODS, content_types=CONTENT_TYPES, cors=CORS)
def of_record(resource: str, id: str) -> Response:
    """An action on one record: ``samples:get/91``, ``samples:trigger/91``."""
    return respond(product, api.current_request, [resource, id])


@api.route("/api/{resource}/{id}/{association}", methods=METHODS, content_types=CONTENT_TYPES, cors=CORS)
def of_association(resource: str, id: str, association: str) -> Response:
    """An action on what is associated with a record: ``workflows/1/nodes:create``."""
    return respond(product, api.current_request, [resource, id, association])


@api.route("/api/{resource}/{id}/{association}/{association_id}", methods=METHODS, content_types=CONTENT_TYPES, cors=CORS)
def of_associated_record(resource: str, id: str, association: str, association_id: str) -> Response:
    """An action on one associated record: ``collections/samples/fields:update/title``."""
    return respond(product, api.current_request, [resource, id, association, association_id])
