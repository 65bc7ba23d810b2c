# The library for other programs, manual pages, completion, installation and the Debian package.
#
# Variables to set: DESTDIR, the folders and the tools below.

prefix      := /usr/local
exec_prefix  = $(prefix)
bindir       = $(exec_prefix)/bin
libdir       = $(exec_prefix)/lib
includedir   = $(prefix)/include
pkgconfigdir = $(libdir)/pkgconfig
datarootdir  = $(prefix)/share
datadir      = $(datarootdir)
mandir       = $(datarootdir)/man
bashcompletiondir = $(datarootdir)/bash-completion/completions
zshcompletiondir  = $(datarootdir)/zsh/site-functions

docdir       = $(datarootdir)/doc/tileprop

INSTALL := install
OBJCOPY := $(shell $(CC) -print-prog-name=objcopy)
STRIP   := $(shell $(CC) -print-prog-name=strip)

# Programs look for data in ../share relative to their own folder. datadir is compiled in only if it is elsewhere, so
# installing under a different prefix recompiles nothing.
default_datadir = $(if $(filter $(patsubst %/bin,%/share,$(bindir)),$(datadir)),/usr/local/share,$(datadir))

# --- Library --------------------------------------------------------------------------------------------

# The library's own dependencies.
PRIVATE := jansson libxxhash numa

# Internal symbols are hidden, in the archive too. nodelete: dlclose() must not unload code that OpenMP's sleeping
# threads still use.
$(SHARED): $(LIBRARY) src/api/libtileprop.map $(BUILD)/stamp/link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -shared $(OWN_LDFLAGS) -Wl,-soname,$(SONAME) -Wl,--version-script=src/api/libtileprop.map -Wl,-z,defs \
	    -Wl,-z,nodelete $(LDFLAGS) -o $@ -Wl,--whole-archive $(LIBRARY) -Wl,--no-whole-archive $(shell $(PKG_CONFIG) --libs $(PRIVATE)) -lm $(LDLIBS)
	$(Q)ln -sf $(@F) $(LIB)/$(SONAME) && ln -sf $(SONAME) $(LIB)/libtileprop.so

$(ARCHIVE): $(LIBRARY)
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -r -nostdlib -Wl,--whole-archive -o $(BUILD)/tileprop.o $(LIBRARY)
	$(Q)$(OBJCOPY) --localize-hidden $(BUILD)/tileprop.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(BUILD)/tileprop.o

# --- Manual pages and completion -------------------------------------------------------------------------

MANUAL_SOURCES := $(wildcard manual/*.c)
DESCRIBE       := $(BUILD)/manual/describe
DATE            = $(or $(shell git --git-dir=.git log -1 --date='format:%B %-d, %Y' --format=%cd 2>/dev/null),January 1, 1970)

$(DESCRIBE): $(call objects,$(MANUAL_SOURCES)) $(BUILD)/bench/bench_command.o $(COMMON)
	$(call link)

$(BUILD)/manual/%.1: $(DESCRIBE) $(BUILD)/stamp/manual
	$(Q)$(DESCRIBE) $* page '$(DATE)' '$(datadir)/tileprop/mnist' >$@
$(BUILD)/manual/%.bash $(BUILD)/manual/%.zsh: $(DESCRIBE)
	$(Q)$(DESCRIBE) $* bash >$(BUILD)/manual/$*.bash
	$(Q)$(DESCRIBE) $* zsh >$(BUILD)/manual/$*.zsh

.PHONY: manual
manual: $(foreach p,$(notdir $(PROGRAMS)) bench,$(foreach e,1 bash zsh,$(BUILD)/manual/tileprop-$p.$e)) ## make manual pages and completion in build/manual

# --- Install --------------------------------------------------------------------------------------------

SHIPPED := $(notdir $(PROGRAMS) $(wildcard $(BIN)/bench))

man1dir    = $(mandir)/man1
man3dir    = $(mandir)/man3
mnistdir   = $(datadir)/tileprop/mnist
headersdir = $(includedir)/tileprop

# All installed files, as FOLDER:MODE:FILE:NAME, where FOLDER is the name of a variable.
INSTALLED_PROGRAMS  := $(foreach p,$(SHIPPED),bindir:755:$(BIN)/$p:tileprop-$p)
INSTALLED_LIBRARIES := libdir:755:$(SHARED):$(notdir $(SHARED)) libdir:644:$(ARCHIVE):$(notdir $(ARCHIVE))
INSTALLED_LIBRARY   := $(INSTALLED_LIBRARIES) pkgconfigdir:644:$(BUILD)/tileprop.pc:tileprop.pc \
                       $(foreach h,$(wildcard include/tileprop/*.h),headersdir:644:$h:$(notdir $h)) \
                       man3dir:644:manual/tileprop.3:tileprop.3 docdir:644:LICENSE:LICENSE
INSTALLED := $(INSTALLED_PROGRAMS) $(INSTALLED_LIBRARY) \
             $(foreach p,$(SHIPPED),man1dir:644:$(BUILD)/manual/tileprop-$p.1:tileprop-$p.1 \
               bashcompletiondir:644:$(BUILD)/manual/tileprop-$p.bash:tileprop-$p \
               zshcompletiondir:644:$(BUILD)/manual/tileprop-$p.zsh:_tileprop-$p) \
             $(foreach d,$(wildcard data/mnist/*),mnistdir:644:$d:$(notdir $d))
# Folders that uninstall removes, innermost first.
OWN_FOLDERS = '$(DESTDIR)$(headersdir)' '$(DESTDIR)$(docdir)' '$(DESTDIR)$(mnistdir)' '$(DESTDIR)$(datadir)/tileprop'

part      = $(word $(1),$(subst :, ,$(2)))
installed = '$(DESTDIR)$($(call part,1,$(1)))/$(call part,4,$(1))'
define install_one
	$(INSTALL) -D -m $(call part,2,$(1)) $(call part,3,$(1)) $(call installed,$(1))

endef

# pkg-config itself omits -L and -I of the default folders. Libs.private, not Requires.private: users of the shared
# library would have to install the modules in Requires.private too.
PRIVATE_LIBS = $(shell $(PKG_CONFIG) --static --libs $(PRIVATE))
$(BUILD)/tileprop.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(prefix)' 'libdir=$(libdir)' 'includedir=$(includedir)' '' 'Name: tileprop' \
	    'Description: trains multi-layer perceptrons on the CPU and uses them' 'Version: $(VERSION)' \
	    'Libs: -L"$${libdir}" -ltileprop' 'Libs.private: $(PRIVATE_LIBS) -fopenmp -lm' 'Cflags: -I"$${includedir}"' >$@

.PHONY: install install-library install-strip uninstall
install: install-library $(foreach i,$(INSTALLED),$(call part,3,$i)) ## install programs, library, manual pages, completion and data below prefix (DESTDIR honoured)
	$(foreach i,$(filter-out $(INSTALLED_LIBRARY),$(INSTALLED)),$(call install_one,$i))
install-library: $(foreach i,$(INSTALLED_LIBRARY),$(call part,3,$i)) ## install only the library, with headers and manual page
	$(foreach i,$(INSTALLED_LIBRARY),$(call install_one,$i))
	$(STRIP) --strip-debug $(foreach i,$(INSTALLED_LIBRARIES),$(call installed,$i))
	ln -sf $(notdir $(SHARED)) '$(DESTDIR)$(libdir)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(libdir)/libtileprop.so'
install-strip: install ## the same, with stripped programs
	$(STRIP) $(foreach i,$(INSTALLED_PROGRAMS),$(call installed,$i))
uninstall: ## remove installed files
	rm -f $(foreach i,$(INSTALLED),$(call installed,$i)) '$(DESTDIR)$(libdir)/$(SONAME)' '$(DESTDIR)$(libdir)/libtileprop.so'
	-rmdir $(OWN_FOLDERS)

# --- Debian package -------------------------------------------------------------------------------------

PACKAGES_DEB := binutils dpkg-dev

DEB       := $(BUILD)/deb
MULTIARCH  = $(shell $(CC) -print-multiarch)
EPOCH      = $(or $(shell git --git-dir=.git log -1 --format=%ct 2>/dev/null),0)
# Packages that linking the archive needs.
PRIVATE_PACKAGES = $(foreach p,$(PRIVATE),$(patsubst $p:%,%,$(filter $p:%,$(REQUIRED))))

.PHONY: deps-deb deb deb-package
deps-deb: ## install the dependencies of make deb
	$(call deps,$(PACKAGES_DEB))
deb: deps-deb ## install dependencies, build a Debian package in build/deb
	$(Q)$(MAKE) deb-package
deb-package:
	$(Q)rm -rf $(DEB)/tree
	$(Q)$(MAKE) install-strip SHIPPED='$(notdir $(PROGRAMS))' DESTDIR=$(abspath $(DEB))/tree prefix=/usr exec_prefix=/usr \
	    libdir=/usr/lib/$(MULTIARCH) zshcompletiondir=/usr/share/zsh/vendor-completions >/dev/null
	$(Q)packaging/deb $(DEB)/tree $(VERSION) $(EPOCH) $(PRIVATE_PACKAGES)
