# make study    install, run every finding at the smallest scale, print the verdicts and where the report is
# make test     install, then format, lint and type checks, then the tests, those on a SLURM of their own last
# make install  .venv with everything, once for each state of pyproject.toml and constraints.txt

BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: study test check readme install
study: $(STAMP)
	$(BIN)/findings study quick

test: check
	$(BIN)/python -m pytest -n 2 --dist worksteal
	$(BIN)/python -m pytest -n 3 --dist worksteal tests/slurm

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# the verdicts and the picture on the front page, from results/; the picture needs Chromium
readme: $(STAMP)
	$(BIN)/python -m findings.report.front README.md results
	$(BIN)/python -m findings.report.dashboard.picture results/cifar10-16px/index.html results/page.png sweep=depth-degradation

install: $(STAMP)

# the first Python that fits; `make PYTHON=/path/to/python3.12` chooses another
$(STAMP): pyproject.toml constraints.txt
	@fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'; \
	for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	  "$$python" -c "$$fits" 2>/dev/null && found=$$python && break; \
	done; \
	[ -n "$$found" ] || { echo "make: no Python 3.11, 3.12 or 3.13 found$(if $(PYTHON), at $(PYTHON)); name one: make PYTHON=/path/to/python3.12" >&2; exit 2; }; \
	"$$found" -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $$found has no venv module; install it (Debian and Ubuntu: apt install python3-venv)" >&2; exit 2; }; \
	"$$found" -m venv .venv && echo "installing into .venv (a few minutes: PyTorch is large)" && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.[test]' && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-deps sweeps
	@touch $@
