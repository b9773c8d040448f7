# One measurement of benchmarks/speed.py in R: Rscript speed.R JOB FOLDER; prints JSON.
given <- commandArgs(TRUE); job <- given[1]; folder <- given[2]
needs <- if (job == "crr") "cmprsk" else "survival"
if (!requireNamespace(needs, quietly = TRUE)) { cat(sprintf("{\"error\": \"R package %s is not installed\"}\n", needs)); quit() }
suppressMessages(library(survival)); if (needs == "cmprsk") suppressMessages(library(cmprsk))
paths <- list.files(folder, "[.]bin$", full.names = TRUE)
d <- as.data.frame(lapply(setNames(paths, sub("[.]bin$", "", basename(paths))), function(p) readBin(p, "double", file.size(p) / 8)))
x <- paste0("x", 1:9); rhs <- paste(x, collapse = " + "); days <- c(180, 365, 730)
d$ev <- factor(d$event, 0:2, c("censor", "1", "2"))
curves <- function(f) { s <- summary(f, times = days, extend = TRUE); s$pstate[, match("1", s$states)] }
jobs <- list(
  cox = function() coef(coxph(as.formula(paste("Surv(time, event == 1) ~", rhs)), d)),
  start_stop = function() { f <- coxph(as.formula(paste("Surv(start, stop, event == 1) ~ served +", rhs, "+ strata(stratum)")), d, weights = weight, cluster = family); c(coef(f), sqrt(diag(f$var))) },
  incidence = function() curves(survfit(Surv(time, ev) ~ group, d)),
  weighted_incidence = function() curves(survfit(Surv(time, ev) ~ group, d, weights = weight, id = id)),
  fine_gray = function() { fg <- finegray(as.formula(paste("Surv(time, ev) ~", rhs, "+ family + id")), d, etype = "1", id = id); coef(coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", rhs)), fg, weights = fgwt, cluster = family)) },
  crr = function() crr(d$time, d$event, as.matrix(d[x]))$coef)
spent <- system.time(value <- jobs[[job]]())
peak <- tryCatch(as.numeric(sub("[^0-9]*([0-9]+).*", "\\1", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))) / 1024, error = function(e) NA)
number <- function(v) paste(ifelse(is.finite(v), sprintf("%.17g", v), "null"), collapse = ", ")
cat(sprintf("{\"seconds\": %s, \"wall\": %s, \"peak_mb\": %s, \"rows\": %d, \"value\": [%s]}\n", number(sum(spent[1:2])), number(spent[3]), number(peak), nrow(d), number(unname(value))))
