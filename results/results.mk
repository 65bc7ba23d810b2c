# The experiments, and the report of them. results/README.md says what they are.

PACKAGES_RESULTS := fonts-dejavu-core gnuplot-nox python3 python3-jinja2
PACKAGES_REPORT  := $(PACKAGES_RESULTS) lmodern pandoc texlive-fonts-recommended texlive-latex-recommended

ITEMS := 2a 2b 2c 3 3a 3b 3c 4a 4b 4c 4d 4e

.PHONY: deps-results deps-report
deps-results: ## install what the experiments need
	$(call deps,$(PACKAGES_RESULTS))
deps-report: ## install what the report as PDF needs
	$(Q).ci/deps '$(PACKAGES_REPORT)' ''

# $(call reproduce,ITEMS): all without ITEMS.
define reproduce
	$(Q)$(MAKE) all
	$(Q)TP_TRAIN=$(BIN)/train results/reproduce.py $(1)
	$(Q)results/render.py
endef

.PHONY: results results-widths $(ITEMS:%=results-%) report
results: deps-results ## install what is needed, repeat all experiments, five seeds each, and their plots and report
	$(call reproduce)
$(ITEMS:%=results-%): results-%: deps-results # one of them
	$(call reproduce,$*)
results-widths: deps-results ## the same for hidden layers of 256, 512 and 1024 units
	$(call reproduce,widths/256 widths/512 widths/1024)
report: deps-report ## install what is needed, make results/report.pdf of the results that are there
	$(Q)results/render.py
	$(Q)results/pdf/build
