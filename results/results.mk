# The experiments, and the report of them. results/README.md says what they are.

PACKAGES_RESULTS := fonts-dejavu-core gnuplot-nox python3 python3-jinja2
PACKAGES_REPORT  := $(PACKAGES_RESULTS) librsvg2-bin lmodern pandoc texlive-fonts-recommended texlive-latex-recommended

.PHONY: deps-results deps-report
deps-results: ## install what the experiments need
	$(call deps,$(PACKAGES_RESULTS))
deps-report: ## install what the report as PDF needs
	$(Q).ci/deps '$(PACKAGES_REPORT)' ''

.PHONY: results sweeps report
results: deps-results ## install what is needed, repeat the experiments, and make their plots and report
	$(Q)$(MAKE) all
	$(Q)TP_BIN=$(BIN) results/reproduce.py items
	$(Q)results/render.py
sweeps: deps-results ## the same for the sweeps of learning rates, which take a quarter of an hour
	$(Q)$(MAKE) all
	$(Q)TP_BIN=$(BIN) results/reproduce.py sweeps
	$(Q)results/render.py
report: deps-report ## install what is needed, make results/report.pdf of the results that are there
	$(Q)results/render.py
	$(Q)results/pdf/build
