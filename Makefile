# Everything a person or CI does with this project. Needs make, git and Python 3.11 or later; Java and Node for the real
# database emulator and the console, both optional.
PYTHON ?= python3
STAGE ?= dev
OUT ?= out/$(STAGE)
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
PIP_COMPILE := $(VENV)/bin/pip-compile --quiet --strip-extras --no-emit-find-links --no-emit-index-url --no-emit-options --no-emit-trusted-host
PYTEST := $(VENV)/bin/pytest

.PHONY: run test lint unit functional infra package bench pins console clean help
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 20

run: $(INSTALLED) ## the whole product on this machine: PORT=3000 DATA_DIR=.stepbase EXAMPLE=1
	@exec $(RUN) -m local

test: lint ## everything that CI runs
	$(PYTEST) tests

lint: $(INSTALLED) ## style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

unit: $(INSTALLED) ## tests that need nothing but Python
	$(PYTEST) tests/unit

functional: $(INSTALLED) ## tests against the local database and server
	$(PYTEST) tests/functional

infra: $(INSTALLED) ## tests of what is deployed
	$(PYTEST) tests/infra

package: $(INSTALLED) ## the CloudFormation template and the zip, in out/STAGE: STAGE=dev
	$(RUN) -m infra.package $(STAGE) $(OUT)
	$(VENV)/bin/cfn-lint $(OUT)/sam.json
	@echo "Next: aws cloudformation package --template-file $(OUT)/sam.json --s3-bucket BUCKET --output-template-file $(OUT)/packaged.yaml"
	@echo "      aws cloudformation deploy --template-file $(OUT)/packaged.yaml --stack-name stepbase-$(STAGE) --capabilities CAPABILITY_IAM"

bench: $(INSTALLED) ## measurements
	$(RUN) -m tests.bench

pins: $(INSTALLED) ## pin what the .in files ask for; make pins UPGRADE=--upgrade for newer versions
	$(PIP_COMPILE) $(UPGRADE) --output-file=requirements.txt requirements.in
	$(PIP_COMPILE) $(UPGRADE) --allow-unsafe --output-file=requirements-dev.txt requirements-dev.in

console: ## build the web console (Node 20 or later)
	npm --prefix console ci
	npm --prefix console run build

clean: ## remove what is made; data folders and the virtual environment stay
	rm -rf out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find app.py chalicelib infra local tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.txt requirements-dev.txt
	@PYTHON="$(PYTHON)" .ci/venv $(VENV)
	@touch $@
