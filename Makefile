# 销控 Xiaokong. `make run` and `make test` do all that is needed, from an empty folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Bytecode makes every later start faster.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(firstword $(wildcard /usr/bin/python3) $(shell command -v python3))
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-$(shell sha256sum requirements/runtime.lock | cut -c1-16)
DEV := $(VENV)/.dev-$(shell sha256sum requirements/dev.lock | cut -c1-16)
CATALOGUE := translations/zh/LC_MESSAGES/messages.mo
PO := translations/zh/LC_MESSAGES/messages.po
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes
JOBS ?= $(shell nproc)

.PHONY: help run test bench chaos chaos-report lint format lock catalogue dictionary tools

help:
	@echo "make run    start everything and print the address"
	@echo "make test   run the whole test suite"
	@echo "make bench  measure, each figure beside its yardstick (ONLY=name SCALE=0.1)"
	@echo "make chaos  kill -9 at random under load (MINUTES=20 KILLS= SEED=)"
	@echo "make chaos-report  write docs/chaos.md from the last run"
	@echo "make lint   ruff, mypy, import-linter"
	@echo "make dictionary  write docs/data-dictionary from the models"
	@echo "make lock   resolve requirements/*.in anew"
	@echo "make catalogue  bring the translation catalogue up to date"

$(BIN)/python:
	@tools/packages venv
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): | $(BIN)/python
	@echo "安装依赖 installing …"
	@$(PIP) -r requirements/runtime.lock
	@tools/packages paper || echo "暂时不能生成 PDF，其余功能不受影响 everything but PDF works"
	@rm -f $(VENV)/.runtime-* && touch $@

$(DEV): | $(BIN)/python
	@echo "安装测试依赖 installing what the tests need …"
	@$(PIP) -r requirements/dev.lock
	@rm -f $(VENV)/.dev-* $(VENV)/.runtime-* && touch $@ $(RUNTIME)

# The catalogue has no header, which babel takes for a fuzzy one; a test refuses fuzzy texts.
$(CATALOGUE): $(PO) | $(BIN)/python
	@$(BIN)/pybabel --quiet compile --use-fuzzy --input-file $(PO) --output-file $@ --locale zh

run: $(RUNTIME) $(CATALOGUE)
	@exec $(BIN)/python run.py

tools: $(DEV) $(CATALOGUE)
	@tools/packages test

test: tools
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope -m "not alone" $(ARGS) || [ $$? = 5 ]
	@# Whoever watches the server's transaction horizon, kills processes or counts seconds runs alone.
	$(BIN)/python -m pytest -m alone $(ARGS) || [ $$? = 5 ]

lint: tools
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(DEV)
	$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

bench: tools
	@exec $(BIN)/python -m bench

chaos: tools
	@exec $(BIN)/python -m chaos

chaos-report: $(DEV)
	@exec $(BIN)/python -m chaos report

catalogue: $(DEV)
	$(BIN)/pybabel extract --mapping-file translations/babel.cfg --keyword _l --keyword lazy_gettext --no-location --sort-output --omit-header --output-file translations/messages.pot .
	$(BIN)/pybabel update --input-file translations/messages.pot --output-dir translations --locale zh --no-fuzzy-matching --ignore-obsolete --omit-header

dictionary: $(RUNTIME) $(CATALOGUE)
	@$(BIN)/flask --app app dictionary --to docs/data-dictionary

lock: $(DEV)
	cd requirements && for name in runtime dev; do ../$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --strip-extras --allow-unsafe --pip-args '--only-binary :all:' --output-file $$name.lock $$name.in; done
