"""The API in front: one stage, throttled, its own errors in the product's envelope, told apart from other stacks' APIs."""

from __future__ import annotations

import json
from typing import Any

from tests.infra.statements import Resources, of_type


def test_what_is_deployed_has_one_stage_and_that_one_is_throttled(translated: dict[str, Any]) -> None:
    """SAM makes another one, called Stage, without throttling, unless it is told the version of the definition.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-api.html#sam-api-openapiversion"""
    resources: Resources = translated["Resources"]
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    assert stage["Properties"]["StageName"] == "dev"
    assert stage["Properties"]["MethodSettings"][0]["ThrottlingRateLimit"] == {"Ref": "CallsPerSecond"}
    deployments = of_type(resources, "AWS::ApiGateway::Deployment").values()
    assert deployments
    assert [deployment for deployment in deployments if "StageName" in deployment["Properties"]] == []


def test_the_definition_is_still_the_one_of_the_routes(translated: dict[str, Any], resources: Resources) -> None:
    (api,) = of_type(translated["Resources"], "AWS::ApiGateway::RestApi").values()
    body, made = api["Properties"]["Body"], resources["RestAPI"]["Properties"]["DefinitionBody"]
    assert body["swagger"] == "2.0"
    assert body["definitions"] == made["definitions"]
    assert body["x-amazon-apigateway-binary-media-types"] == made["x-amazon-apigateway-binary-media-types"]
    assert set(body["paths"]) == set(made["paths"])
    assert len(body["x-amazon-apigateway-gateway-responses"]) == 5


def test_the_api_is_called_like_its_stack_wherever_its_name_is_read(translated: dict[str, Any], resources: Resources) -> None:
    (api,) = of_type(translated["Resources"], "AWS::ApiGateway::RestApi").values()
    stack = {"Ref": "AWS::StackName"}
    assert (api["Properties"]["Name"], api["Properties"]["Body"]["info"]["title"]) == (stack, stack)
    text, _ = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    rows = [row for widget in json.loads(text)["widgets"] for row in widget["properties"]["metrics"] if row[0] == "AWS/ApiGateway"]
    assert [row[2:4] for row in rows] == [["ApiName", "${AWS::StackName}"]]


def test_a_body_that_is_too_large_has_one_code_whoever_refuses_it(resources: Resources) -> None:
    answer = resources["RestAPI"]["Properties"]["GatewayResponses"]["REQUEST_TOO_LARGE"]
    (error,) = json.loads(answer["ResponseTemplates"]["application/json"])["errors"]
    assert (answer["StatusCode"], error["code"]) == (413, "BODY_TOO_LARGE")


def test_the_gateways_own_errors_are_in_the_error_envelope(resources: Resources) -> None:
    answers = resources["RestAPI"]["Properties"]["GatewayResponses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE"} <= set(answers)
    for answer in answers.values():
        text = answer["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"a message"')
        (error,) = json.loads(text)["errors"]
        assert set(error) == {"message", "code"}
        assert answer["ResponseParameters"]["Headers"]["Access-Control-Allow-Origin"] == "'*'"


def test_the_api_is_regional_named_after_its_stage_compressed_and_throttled(resources: Resources) -> None:
    properties = resources["RestAPI"]["Properties"]
    assert (properties["EndpointConfiguration"], properties["StageName"]) == ("REGIONAL", "dev")
    assert properties["MinimumCompressionSize"] == 1024
    (method,) = properties["MethodSettings"]
    assert (method["ThrottlingRateLimit"], method["ThrottlingBurstLimit"]) == ({"Ref": "CallsPerSecond"}, {"Ref": "CallsAtOnce"})


def test_the_dashboard_shows_resources_of_the_stack(resources: Resources) -> None:
    text, values = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    names = {part.partition("}")[0] for part in text.split("${")[1:]}
    assert {name.partition(".")[0] for name in names if not name.startswith("AWS::")} - set(resources) == set(values)
    assert values == {"ApiStage": "dev"}
    assert all(widget["properties"]["metrics"] for widget in json.loads(text)["widgets"])
