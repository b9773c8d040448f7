# Real clinical series and what R gives on them. Run here: Rscript make_clinical.R
# The series are public data sets of R's survival package (see README.md beside the data); columns were
# renamed, events recoded to 0, 1, 2, and `weight`, `offset`, `half`, `entry` are made up from the row number.
suppressMessages({library(survival); library(jsonlite)})
exact <- coxph.control(eps = 1e-11, iter.max = 100)
keep <- function(d, name) { write.csv(d, paste0(name, ".csv"), row.names = FALSE); read.csv(paste0(name, ".csv"), stringsAsFactors = TRUE) }
made <- function(d) { i <- seq_len(nrow(d)); d$weight <- 0.5 + (i * 7 %% 11) %% 7 / 4; d$offset <- ((i * 5) %% 13 - 6) / 10; d }

lung <- with(survival::lung, data.frame(time, event = status - 1, age, sex, ecog = ph.ecog, karno = ph.karno, inst))
lung <- made(lung[complete.cases(lung), ]); lung$half <- lung$time - 0.5 * (seq_len(nrow(lung)) %% 3 == 0); lung <- keep(lung, "lung")
veteran <- with(survival::veteran, data.frame(time, event = status, trt, celltype, karno, diagtime, age, prior = prior / 10))
veteran <- keep(made(veteran), "veteran")
heart <- with(survival::heart, data.frame(id, start, stop, event, age, year, surgery, transplant = as.integer(as.character(transplant))))
heart <- keep(made(heart), "heart")
cgd <- with(survival::cgd, data.frame(id, start = tstart, stop = tstop, event = status, number = pmin(enum, 4), treated = as.integer(treat != "placebo"), age, steroids, inherit, hospital = as.integer(hos.cat)))
cgd <- keep(made(cgd), "cgd")
bladder <- with(subset(survival::bladder2, start < stop), data.frame(id, start, stop, event, rx, tumours = number, size, number = enum))
bladder <- keep(bladder, "bladder")
mgus <- with(survival::mgus2, data.frame(id, time = ifelse(pstat == 0, futime, ptime), event = ifelse(pstat == 1, 1, 2 * death), age, sex, hgb, mspike))
mgus <- mgus[complete.cases(mgus), ]; mgus <- made(mgus); mgus$entry <- ifelse(mgus$id %% 4 == 0, floor(mgus$time / 3), 0); mgus$decade <- floor(mgus$age / 10) * 10; mgus <- keep(mgus, "mgus")
pbc <- with(subset(survival::pbc, !is.na(trt)), data.frame(id, time, event = status, trt, age = round(age, 4), sex, edema, bili, albumin, protime))
pbc <- keep(made(pbc), "pbc")
ovarian <- with(survival::ovarian, data.frame(time = futime, event = fustat, age, residual = resid.ds, rx))
ovarian <- keep(ovarian, "ovarian")
colon <- with(subset(survival::colon, etype == 2), data.frame(id, time, event = status, rx, sex, age, node4, extent))
colon <- keep(colon, "colon")

cox <- function(f, more = TRUE, zph = TRUE) {
  v <- list(term = names(coef(f)), coef = unname(coef(f)), loglik = f$loglik, n = f$n, nevent = f$nevent,
            se = unname(sqrt(diag(if (is.null(f$naive.var)) f$var else f$naive.var))))
  if (!is.null(f$naive.var)) v$robust_se <- unname(sqrt(diag(f$var)))
  if (!more) return(v)
  b <- basehaz(f, centered = FALSE); s <- if (is.null(b$strata)) rep("all", nrow(b)) else as.character(b$strata)
  last <- !duplicated(data.frame(s, b$time), fromLast = TRUE)
  up <- c(TRUE, diff(b$hazard) > 0 | s[-1] != s[-length(s)]) & b$hazard > 0
  v$baseline <- data.frame(stratum = s, time = b$time, hazard = b$hazard)[up & last, ]
  v$concordance <- unname(f$concordance["concordance"])
  v$martingale <- unname(residuals(f, "martingale")); v$deviance <- unname(residuals(f, "deviance"))
  v$score <- unname(as.matrix(residuals(f, "score", weighted = TRUE)))
  v$dfbeta <- unname(as.matrix(residuals(f, "dfbeta", weighted = TRUE)))
  sch <- as.matrix(residuals(f, "schoenfeld")); v$schoenfeld <- unname(sch)
  if (zph) for (tr in c("km", "identity", "rank")) { z <- cox.zph(f, transform = tr); v[[paste0("zph_", tr)]] <- list(term = rownames(z$table), chisq = unname(z$table[, 1]), df = unname(z$table[, 2]), p = unname(z$table[, 3])) }
  v }
curve <- function(f, at) { s <- summary(f, times = at, extend = TRUE); data.frame(group = if (is.null(s$strata)) "all" else sub("^.*=", "", as.character(s$strata)), time = s$time, surv = s$surv, se = s$std.err, low = s$lower, high = s$upper) }
states <- function(f, at) { s <- summary(f, times = at, extend = TRUE); k <- which(s$states != "(s0)")
  do.call(rbind, lapply(k, function(j) data.frame(group = if (is.null(s$strata)) "all" else sub("^.*=", "", as.character(s$strata)), cause = as.integer(s$states[j]), time = s$time, incidence = s$pstate[, j], se = s$std.err[, j]))) }
test <- function(g) list(chisq = unname(g$chisq), df = sum(if (is.matrix(g$exp)) rowSums(g$exp) > 0 else g$exp > 0) - 1)
E <- list(r = R.version.string, survival = as.character(packageVersion("survival")))

C <- list()
C$lung_efron <- cox(coxph(Surv(time, event) ~ age + sex + ecog, lung, control = exact))
C$lung_breslow <- cox(coxph(Surv(time, event) ~ age + sex + ecog, lung, ties = "breslow", control = exact))
C$lung_half_days <- cox(coxph(Surv(half, event) ~ age + sex + ecog, lung, control = exact))
C$lung_strata_offset <- cox(coxph(Surv(time, event) ~ age + ecog + offset(offset) + strata(sex), lung, control = exact))
C$lung_weights <- cox(coxph(Surv(time, event) ~ age + sex + ecog, lung, weights = weight, robust = TRUE, control = exact), zph = FALSE)
C$lung_weights_breslow <- cox(coxph(Surv(time, event) ~ age + sex + ecog, lung, weights = weight, robust = TRUE, ties = "breslow", control = exact), zph = FALSE)
C$lung_everything <- cox(coxph(Surv(half, event) ~ age + ecog + offset(offset) + strata(sex), lung, weights = weight, cluster = inst, control = exact), zph = FALSE)
C$veteran_celltype <- cox(coxph(Surv(time, event) ~ trt + celltype + karno + diagtime + age + prior, veteran, control = exact))
C$veteran_strata <- cox(coxph(Surv(time, event) ~ trt + karno + age + strata(celltype), veteran, control = exact))
C$heart_startstop <- cox(coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, control = exact))
C$heart_breslow_strata <- cox(coxph(Surv(start, stop, event) ~ age + year + transplant + strata(surgery), heart, ties = "breslow", control = exact))
C$heart_weights_cluster <- cox(coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, weights = weight, cluster = id, control = exact), zph = FALSE)
C$cgd_andersen_gill <- cox(coxph(Surv(start, stop, event) ~ treated + age + steroids + inherit, cgd, cluster = id, control = exact), zph = FALSE)
C$cgd_pwp <- cox(coxph(Surv(start, stop, event) ~ treated + age + strata(number), cgd, cluster = id, control = exact), zph = FALSE)
C$cgd_pwp_gap <- cox(coxph(Surv(stop - start, event) ~ treated + age + strata(number), cgd, cluster = id, control = exact), zph = FALSE)
C$bladder_andersen_gill <- cox(coxph(Surv(start, stop, event) ~ rx + tumours + size, bladder, cluster = id, control = exact), zph = FALSE)
C$bladder_pwp <- cox(coxph(Surv(start, stop, event) ~ rx + tumours + size + strata(number), bladder, cluster = id, control = exact), zph = FALSE)
C$mgus_cause1 <- cox(coxph(Surv(time, event == 1) ~ age + sex + hgb + mspike, mgus, control = exact))
C$mgus_cause2_entry <- cox(coxph(Surv(entry, time, event == 2) ~ age + sex + hgb + mspike, mgus, control = exact))
C$pbc_log <- cox(coxph(Surv(time, event == 2) ~ age + edema + log(bili) + log(albumin) + log(protime), pbc, control = exact))
C$ovarian <- cox(coxph(Surv(time, event) ~ age + residual + rx, ovarian, control = exact))
C$colon <- cox(coxph(Surv(time, event) ~ rx + sex + age + node4 + strata(extent), colon, control = exact))
E$cox <- lapply(C, function(v) { for (k in c("martingale", "deviance")) v[[k]] <- head(v[[k]], 20); for (k in c("score", "dfbeta", "schoenfeld")) if (!is.null(v[[k]])) v[[k]] <- head(v[[k]], 20); if (nrow(v$baseline) > 30) v$baseline <- v$baseline[round(seq(1, nrow(v$baseline), length.out = 30)), ]; v })

gray <- function(d, formula, etype, ..., entry = FALSE, model) {
  d$ev <- factor(d$event, 0:2, c("censor", "1", "2"))
  fg <- if (entry) finegray(Surv(entry, time, ev) ~ ., d, etype = etype, id = id) else finegray(Surv(time, ev) ~ ., d, etype = etype, id = id)
  model(fg) }
fit <- function(rhs, ties = "efron") function(fg) cox(coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", rhs)), fg, weights = fgwt, cluster = id, ties = ties, control = exact), more = FALSE)
weighted <- function(rhs) function(fg) { fg$both <- fg$fgwt * fg$weight; cox(coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", rhs)), fg, weights = both, cluster = id, control = exact), more = FALSE) }
E$fine_gray <- list(
  mgus_pcm = gray(mgus, etype = "1", model = fit("age + sex + hgb + mspike")),
  mgus_death = gray(mgus, etype = "2", model = fit("age + sex + hgb + mspike")),
  mgus_breslow = gray(mgus, etype = "1", model = fit("age + sex + hgb + mspike", "breslow")),
  mgus_entry = gray(mgus, etype = "1", entry = TRUE, model = fit("age + sex + hgb + mspike")),
  mgus_weights_strata = gray(mgus, etype = "1", model = weighted("age + hgb + mspike + strata(sex)")),
  mgus_offset = gray(mgus, etype = "2", model = fit("age + hgb + mspike + offset(offset)")),
  pbc_transplant = gray(pbc, etype = "1", model = fit("age + log(bili) + albumin")),
  pbc_death = gray(pbc, etype = "2", model = fit("age + log(bili) + albumin + edema")))

at <- c(50, 100, 200, 365.5)
E$kaplan_meier <- list(
  lung = curve(survfit(Surv(time, event) ~ sex, lung, conf.type = "log-log"), at),
  lung_half = curve(survfit(Surv(half, event) ~ sex, lung, conf.type = "log-log"), at),
  lung_weighted = curve(survfit(Surv(time, event) ~ sex, lung, weights = weight, robust = TRUE, conf.type = "log-log"), at),
  lung_cluster = curve(survfit(Surv(time, event) ~ 1, lung, cluster = inst, robust = TRUE, conf.type = "log-log"), at),
  veteran = curve(survfit(Surv(time, event) ~ celltype, veteran, conf.type = "log-log"), c(10, 30, 90, 180)),
  heart = curve(survfit(Surv(start, stop, event) ~ 1, heart, id = id, conf.type = "log-log"), at),
  ovarian = curve(survfit(Surv(time, event) ~ rx, ovarian, conf.type = "log-log"), at))
mgus$ev <- factor(mgus$event, 0:2, c("censor", "1", "2")); pbc$ev <- factor(pbc$event, 0:2, c("censor", "1", "2")); months <- c(12, 60, 120, 240)
E$incidence <- list(
  mgus = states(survfit(Surv(time, ev) ~ sex, mgus, id = id), months),
  mgus_weighted = states(survfit(Surv(time, ev) ~ sex, mgus, id = id, weights = weight), months),
  mgus_entry = states(survfit(Surv(entry, time, ev) ~ 1, mgus, id = id), months),
  pbc = states(survfit(Surv(time, ev) ~ trt, pbc, id = id), c(365, 1000, 2000, 3000)))
E$log_rank <- list(
  lung = test(survdiff(Surv(time, event) ~ sex, lung)), lung_strata = test(survdiff(Surv(time, event) ~ sex + strata(ecog), lung)),
  veteran = test(survdiff(Surv(time, event) ~ celltype, veteran)), colon = test(survdiff(Surv(time, event) ~ rx + strata(extent), colon)),
  mgus_cause2 = test(survdiff(Surv(time, event == 2) ~ decade, mgus)), ovarian = test(survdiff(Surv(time, event) ~ rx, ovarian)))
area <- function(f, tau) { s <- summary(f, rmean = tau)$table; if (is.null(dim(s))) s <- t(s); list(group = if (is.null(rownames(s))) "all" else sub("^.*=", "", rownames(s)), horizon = tau, mean = unname(s[, "rmean"]), se = unname(s[, grep("^se", colnames(s))])) }
lost <- function(f, tau) { s <- summary(f, rmean = tau)$table; k <- !grepl("s0", rownames(s)); list(row = sub("^.*=", "", rownames(s)[k]), horizon = tau, mean = unname(s[k, "rmean"]), se = unname(s[k, grep("^se", colnames(s))])) }
E$restricted_mean <- list(
  lung = area(survfit(Surv(time, event) ~ sex, lung), 365), lung_half = area(survfit(Surv(half, event) ~ sex, lung), 300.25),
  veteran = area(survfit(Surv(time, event) ~ celltype, veteran), 150), ovarian = area(survfit(Surv(time, event) ~ rx, ovarian), 500))
E$days_lost <- list(mgus = lost(survfit(Surv(time, ev) ~ sex, mgus, influence = TRUE), 120), pbc = lost(survfit(Surv(time, ev) ~ trt, pbc, influence = TRUE), 2000.5))
repeated <- function(f, at) { s <- summary(f, times = at, extend = TRUE); list(group = if (is.null(s$strata)) "all" else sub("^.*=", "", as.character(s$strata)), time = s$time, mean = s$cumhaz, se = s$std.chaz) }
E$mean_cumulative <- list(
  cgd = repeated(survfit(Surv(start, stop, event) ~ treated, cgd, id = id, cluster = id, robust = TRUE), c(60, 120, 240, 350)),
  cgd_weighted = repeated(survfit(Surv(start, stop, event) ~ 1, cgd, weights = weight, id = id, cluster = id, robust = TRUE), c(60, 120, 240, 350)),
  bladder = repeated(survfit(Surv(start, stop, event) ~ rx, bladder, id = id, cluster = id, robust = TRUE), c(3, 12, 24, 40)))
writeLines(toJSON(E, digits = NA, auto_unbox = TRUE, dataframe = "columns", matrix = "rowmajor"), "expected.json")
