# Experiments and their report; results/README.md describes them.

PACKAGES_RESULTS := fonts-dejavu-core gnuplot-nox python3 python3-jinja2
PACKAGES_REPORT  := $(PACKAGES_RESULTS) librsvg2-bin lmodern pandoc texlive-fonts-recommended texlive-latex-recommended

.PHONY: deps-results deps-report
deps-results: ## install the dependencies of the experiments
	$(call deps,$(PACKAGES_RESULTS))
deps-report: ## install the dependencies of the PDF report
	$(Q).ci/deps '$(PACKAGES_REPORT)' ''

.PHONY: results sweeps report
results: deps-results ## install dependencies, repeat the experiments, make their plots and report
	$(Q)$(MAKE) all
	$(Q)TP_BIN=$(BIN) results/reproduce.py items
	$(Q)results/render.py
sweeps: deps-results ## the same for the sweeps of learning rates, which take a quarter of an hour
	$(Q)$(MAKE) all
	$(Q)TP_BIN=$(BIN) results/reproduce.py sweeps
	$(Q)results/render.py
report: deps-report ## install dependencies, make results/report.pdf from the recorded results
	$(Q)results/render.py
	$(Q)results/pdf/build
