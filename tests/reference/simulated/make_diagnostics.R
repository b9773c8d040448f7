# Quantiles, hazards, concordance, influence, calibration, predicted incidence, gap times and differences,
# computed with R from the data beside this file. Run: Rscript make_diagnostics.R, in this folder.
suppressMessages({library(survival); library(jsonlite)})
d <- read.csv("children.csv"); r <- read.csv("rows.csv"); rec <- read.csv("recurrent.csv"); E <- list()
d$any <- as.integer(d$event > 0); groups <- sort(unique(d$group)); at <- c(180, 365)
E$r <- R.version.string; E$survival <- as.character(packageVersion("survival"))
probs <- c(.1, .25, .5)
quant <- function(f) { q <- quantile(f, probs); list(group = groups, probs = probs, time = unname(q$quantile), low = unname(q$lower), high = unname(q$upper)) }
E$quantile <- quant(survfit(Surv(time, any) ~ group, d, conf.type = "log-log"))
E$quantile_entry <- quant(survfit(Surv(entry, time, any) ~ group, d, conf.type = "log-log"))
E$quantile_weighted_cluster <- quant(survfit(Surv(time, any) ~ group, d, weights = weight, cluster = family_id, robust = TRUE, conf.type = "log-log"))
n <- survfit(Surv(time, any) ~ 1, d); n <- summary(n, times = at); E$nelson_aalen <- list(time = at, cumhaz = n$cumhaz, se = n$std.chaz)
# hazard by interval: Poisson model of events with time at risk as exposure; exact limits; sandwich by family
cuts <- c(0, 30, 90, 365, 1100); s <- survSplit(Surv(entry, time, any) ~ ., d, cut = cuts[-1], episode = "band", start = "a", end = "b")
E$hazard <- do.call(rbind, lapply(sort(unique(s$band)), function(k) { x <- s[s$band == k, ]; t <- x$b - x$a; e <- sum(x$any); l <- e / sum(t)
  p <- poisson.test(e, sum(t))$conf.int; u <- rowsum(x$any - l * t, x$family_id); se <- sqrt(sum(u^2)) / sum(t)
  g <- glm(any ~ 1, poisson, x, offset = log(t)); stopifnot(abs(exp(coef(g)) - l) < 1e-10)
  data.frame(begin = cuts[k], events = e, time = sum(t), hazard = l, exact_low = p[1], exact_high = p[2], robust_se = se, low = l * exp(-qnorm(.975) * se / l), high = l * exp(qnorm(.975) * se / l)) }))
# concordance with its standard error
con <- function(f) list(concordance = unname(f$concordance["concordance"]), se = unname(f$concordance["std"]))
f5 <- ~ age + female + prior + disability + kin
E$concordance <- con(coxph(update(f5, Surv(time, event == 1) ~ .), d))
E$concordance_weighted <- con(coxph(update(f5, Surv(time, event == 1) ~ .), d, weights = weight))
E$concordance_cluster <- con(coxph(update(f5, Surv(time, event == 1) ~ .), d, weights = weight, cluster = family_id))
E$concordance_entry <- con(coxph(update(f5, Surv(entry, time, event == 1) ~ .), d))
full <- coxph(Surv(start, stop, event == 1) ~ served + age + female + prior + disability + kin + strata(county), r, weights = weight, cluster = family_id)
E$concordance_full <- con(full)
# influence on the coefficients, summed by family (the weight included)
b <- residuals(full, "dfbeta", collapse = r$family_id, weighted = TRUE); E$dfbeta_family <- list(family = as.integer(rownames(b)[1:8]), value = unname(b[1:8, ]))
# functional form: lowess of martingale residuals of a model without the covariate
m <- residuals(coxph(Surv(time, event == 1) ~ kin + prior, d), "martingale"); l <- lowess(d$age, m, f = 2/3, iter = 0, delta = 0)
E$lowess <- list(x = c(1, 5, 10, 15), y = approx(l$x, l$y, c(1, 5, 10, 15), ties = mean)$y)
# predicted incidence from cause-specific models, strata and all (matrix exponential of the hazards)
d$ev <- factor(d$event, 0:2, c("censor", "1", "2")); new <- data.frame(age = c(2, 15), prior = c(0, 2), kin = c(1, 0))
pred <- function(f, nd) { p <- survfit(f, newdata = nd); k <- sapply(at, function(t) max(which(p$time <= t))); list(time = at, one = unname(p$pstate[k, , 2]), two = unname(p$pstate[k, , 3])) }
# (ties named: without, this version fits by Efron but predicts from another baseline)
E$predict <- pred(coxph(Surv(time, ev) ~ age + prior + kin, d, id = child_id, ties = "breslow"), new)
E$predict_entry_weighted <- pred(coxph(Surv(entry, time, ev) ~ age + prior + kin, d, id = child_id, weights = weight, ties = "breslow"), new)
one <- d[d$county %in% c("a", "b"), ]
c1 <- coxph(Surv(time, event == 1) ~ age + kin + strata(county), one); c2 <- coxph(Surv(time, event == 2) ~ age + kin + strata(county), one)
E$predict_strata <- lapply(c("a", "b"), function(g) { nd <- data.frame(age = 6, kin = 1, county = g); h <- lapply(list(c1, c2), function(f) { s <- survfit(f, nd); stepfun(s$time, c(0, s$cumhaz)) })
  t <- sort(unique(one$time[one$county == g])); a <- lapply(h, function(k) diff(c(0, k(t)))); tot <- a[[1]] + a[[2]]; S <- exp(-cumsum(tot)); S0 <- c(1, head(S, -1))
  F <- sapply(a, function(x) cumsum(ifelse(tot > 0, S0 * x / tot * (1 - exp(-tot)), 0))); list(county = g, incidence = F[max(which(t <= 365)), ]) })
# calibration: pseudo-values of the incidence at 365 and their regression on the predicted risk
d$risk <- plogis(-3 + .05 * d$age + .3 * d$prior - .3 * d$kin)
ps <- pseudo(survfit(Surv(time, ev) ~ 1, d, id = child_id), times = 365, type = "pstate")[, 2]; E$pseudo <- unname(ps[1:6])
cll <- log(-log(1 - d$risk)); q <- quasi(link = "cloglog", variance = "constant")
gi <- glm(ps ~ 1, q, offset = cll, start = 0, control = list(epsilon = 1e-14)); gs <- glm(ps ~ cll, q, start = c(0, 1), control = list(epsilon = 1e-14, maxit = 100))
sand <- function(g, x) { e <- drop(g$y - g$fitted.values) * exp(g$linear.predictors - exp(g$linear.predictors)); v <- exp(g$linear.predictors - exp(g$linear.predictors)); B <- solve(crossprod(x * v)); M <- crossprod(x * e); sqrt(diag(B %*% M %*% B)) }
E$calibration <- list(intercept = unname(coef(gi)), intercept_se = sand(gi, cbind(rep(1, nrow(d)))), slope = unname(coef(gs)[2]), slope_se = sand(gs, cbind(1, cll))[2])
aj <- summary(survfit(Surv(time, ev) ~ 1, d, id = child_id), times = 365); E$calibration$observed <- aj$pstate[2]; E$calibration$expected <- mean(d$risk)
# recurrent events: gap time, and mean cumulative functions by group
rec$gap <- rec$stop - rec$start; rec$group <- d$group[match(rec$child_id, d$child_id)]
cx <- function(f) { list(term = names(coef(f)), coef = unname(coef(f)), se = unname(sqrt(diag(f$naive.var))), robust_se = unname(sqrt(diag(f$var))), loglik = f$loglik) }
E$pwp_gap <- cx(coxph(Surv(gap, event) ~ age + prior + strata(number), rec, cluster = child_id))
E$pwp_gap_family <- cx(coxph(Surv(gap, event) ~ age + prior + strata(pmin(number, 3)), rec, cluster = family_id))
mc <- summary(survfit(Surv(start, stop, event) ~ group, rec, id = child_id, cluster = child_id, robust = TRUE), times = c(180, 365))
E$mean_cumulative_group <- data.frame(group = as.character(mc$strata), time = mc$time, mean = mc$cumhaz, se = mc$std.chaz)
E$anova <- { a <- anova(coxph(Surv(time, event == 1) ~ age, d), coxph(Surv(time, event == 1) ~ age + kin + prior, d)); list(chisq = a$Chisq[2], df = a$Df[2], p = a[2, 4]) }
# predicted survival of a Weibull model at 365, with the delta method
w <- survreg(Surv(time, event == 1) ~ age + kin, d, dist = "weibull", control = survreg.control(rel.tolerance = 1e-12)); X <- cbind(1, c(2, 15), c(1, 0)); lp <- drop(X %*% coef(w)); z <- (log(365) - lp) / w$scale
S <- exp(-exp(z)); g <- cbind(-X / w$scale, -z); E$weibull <- list(survival = S, se = S * exp(z) * sqrt(rowSums((g %*% vcov(w)) * g)))
write(toJSON(E, digits = 12, auto_unbox = TRUE, na = "null"), "diagnostics.json")
