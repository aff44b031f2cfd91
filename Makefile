# Everything a person or CI does with this project. Needs make, git and Python 3.11 or later; Java and Node for the real
# database emulator, both optional.
PYTHON ?= python3
STAGE ?= dev
OUT ?= out/$(STAGE)
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
# schemathesis has an environment of its own: beside pytest it would add seconds to every start of it.
FUZZ_VENV := .stepbase-cache/fuzz
FUZZ_INSTALLED := $(FUZZ_VENV)/.installed
# checkov too: beside the product pip falls back to an old version of it.
CHECKOV_VENV := .stepbase-cache/checkov
CHECKOV_INSTALLED := $(CHECKOV_VENV)/.installed
REQUESTS ?= 5000
RECORDS ?= 1000000
PLANS ?= 1000
KILLS ?= 200
PIP_COMPILE := $(VENV)/bin/pip-compile --quiet --strip-extras --no-emit-find-links --no-emit-index-url --no-emit-options --no-emit-trusted-host
PYTEST := $(VENV)/bin/pytest
# These wait for real minutes, time-outs and restarts.
CLOCKS := tests/faults/test_kills.py $(addprefix tests/functional/test_,async_stack.py due_dates.py messages.py schedules.py spilling.py sweep.py)
AWS_OPTIONS = $(if $(STACK),--stack $(STACK)) $(if $(PROFILE),--profile $(PROFILE)) $(if $(REGION),--region $(REGION))

.PHONY: faults built clocks computing served shipped stored stories console browser pictures example-page run plan apply test lint unit functional infra package deploy aws-check bench million fuzz reference pins races clean help
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 20

run: $(INSTALLED) ## the whole product on this machine: PORT=3000 DATA_DIR=.stepbase EXAMPLE=1
	@.ci/console build || echo "The API runs without the web console."
	@exec $(RUN) -m local

plan: $(INSTALLED) ## what apply would change: DIR=definitions URL=http://localhost:3000 TOKEN= PRUNE=
	@$(RUN) -m local.apply plan $(if $(PRUNE),--prune) || test $$? -eq 3

apply: $(INSTALLED) ## bring the definition files in DIR to URL; ALLOW_DATA_LOSS=1 even where data is lost
	@$(RUN) -m local.apply apply $(if $(PRUNE),--prune)

# Parts, four at a time: one waits for clocks, one for a browser, one for a server, one for a database; then one that computes, and one that
# looks at what is shipped. Each begins when what it needs is installed, and is shown when it has ended. More at a time end no sooner on two
# cores, and make each of them wait so long that what is patient enough elsewhere gives up.
test: $(INSTALLED) ## everything that CI runs
	+@$(MAKE) --no-print-directory --jobs=4 --output-sync=target --keep-going clocks stories served stored computing shipped

clocks: built
	$(PYTEST) $(CLOCKS)

served: built $(FUZZ_INSTALLED)
	$(PYTEST) tests/functional $(addprefix --ignore=,$(CLOCKS))

built: $(INSTALLED)
	@.ci/console build || test $$? -eq 3

stored: $(INSTALLED)
	$(PYTEST) tests/contract tests/faults --ignore=tests/faults/test_kills.py

computing: $(INSTALLED)
	$(PYTEST) tests $(addprefix --ignore=tests/,functional browser contract faults infra asl)

shipped: built lint $(CHECKOV_INSTALLED)
	$(PYTEST) tests/infra tests/asl

console: $(INSTALLED) ## build the web console into chalicelib/static, when its sources changed
	@.ci/console build

example-page: $(INSTALLED) ## the page in docs/examples on http://localhost:3001, beside make run: URL=http://localhost:3000 EXAMPLE_PORT=3001 TOKEN=
	@.ci/console client
	@$(RUN) -m local.example_page

stories: built
	$(PYTEST) tests/browser -m 'not deep'

browser: $(INSTALLED) ## check the web console, and play all its browser tests, each against a server of its own
	$(PYTEST) tests/browser

pictures: $(INSTALLED) ## take the pictures of docs/console.md anew
	@$(RUN) -m tests.browser.pictures

lint: $(INSTALLED) ## style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

unit: $(INSTALLED) ## tests that need nothing but Python
	$(PYTEST) tests/unit

functional: $(INSTALLED) ## tests against the local database and server
	$(PYTEST) tests/functional

infra: $(INSTALLED) $(CHECKOV_INSTALLED) ## tests of what is deployed
	$(PYTEST) tests/infra

package: $(INSTALLED) ## the CloudFormation template and the zip, in out/STAGE: STAGE=dev, JWKS=1 for tokens of another issuer
	@.ci/console build || echo "The package has no web console in it."
	$(RUN) -m infra.package '$(STAGE)' '$(OUT)' $(if $(filter-out 0,$(JWKS)),--jwks)
	@$(VENV)/bin/cfn-lint $(OUT)/sam.json
	@echo "Made $(OUT)/sam.json and $(OUT)/deployment.zip. Next: make deploy STAGE=$(STAGE)"

deploy: $(INSTALLED) ## bring the package to AWS: STAGE=dev PROFILE= REGION= BUCKET= STACK= PARAMETERS="AlarmEmail=ops@example.com"
	@$(RUN) -m infra.deploy '$(STAGE)' --out '$(OUT)' $(AWS_OPTIONS) $(if $(BUCKET),--bucket $(BUCKET)) $(if $(PARAMETERS),--parameters $(PARAMETERS))

aws-check: $(INSTALLED) ## try a deployed stack: STACK=stepbase-dev (or URL=) EMAIL= PASSWORD=, and PROFILE= REGION=
	@$(RUN) -m infra.aws_check $(AWS_OPTIONS) $(if $(URL),--url $(URL))

bench: $(INSTALLED) ## measurements
	$(RUN) -m tests.bench

million: $(INSTALLED) ## one collection of a million records against one of a thousand: RECORDS=1000000, 15 minutes
	nice $(RUN) -m tests.bench.large $(RECORDS)

fuzz: $(INSTALLED) $(FUZZ_INSTALLED) ## made-up requests against a server of its own: REQUESTS=5000 SEED=
	FUZZ_REQUESTS=$(REQUESTS) $(PYTEST) -s tests/functional/test_openapi.py -k made_up

reference: $(INSTALLED) ## write docs/api-reference.md anew
	$(RUN) -m local.api_reference

faults: $(INSTALLED) ## calls of asynchronous runs fail, in memory and on the wire; processes are killed: PLANS=1000 KILLS=200 SEED=5
	FAULTS_PAIRS=$(PLANS) FAULTS_WIRE=$(PLANS) KILLS=$(KILLS) FAULTS_SEED=$(or $(SEED),5) $(PYTEST) -s tests/faults

pins: $(INSTALLED) ## pin what the .in files ask for; make pins UPGRADE=--upgrade for newer versions
	$(PIP_COMPILE) $(UPGRADE) --output-file=requirements.txt requirements.in
	$(PIP_COMPILE) $(UPGRADE) --allow-unsafe --output-file=requirements-dev.txt requirements-dev.in
	$(PIP_COMPILE) $(UPGRADE) --output-file=tests/fuzz/requirements.txt tests/fuzz/requirements.in
	$(PIP_COMPILE) $(UPGRADE) --output-file=tests/infra/requirements.txt tests/infra/requirements.in

races: $(INSTALLED) ## 10,000 triggers from 32 threads
	RACES=10000 $(PYTEST) tests/contract/test_races.py

clean: ## remove what is made; data folders and the virtual environment stay
	rm -rf out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find app.py chalicelib infra local tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.txt requirements-dev.txt
	@PYTHON="$(PYTHON)" .ci/venv $(VENV)
	@touch $@

$(FUZZ_INSTALLED): tests/fuzz/requirements.txt | $(INSTALLED)
	@$(RUN) .ci/install.py $(FUZZ_VENV) tests/fuzz/requirements.txt
	@touch $@

$(CHECKOV_INSTALLED): tests/infra/requirements.txt | $(INSTALLED)
	@$(RUN) .ci/install.py $(CHECKOV_VENV) tests/infra/requirements.txt
	@touch $@
