# Weights, balance, weighted risks and hazard ratios, loss weights, bounds and pooling, computed with R from
# the data beside this file. Run: Rscript make_effects.R, in this folder.
suppressMessages({library(survival); library(nnet); library(survey); library(MatchIt); library(jsonlite)})
d <- read.csv("children.csv"); E <- list(); at <- c(180, 365)
E$r <- R.version.string
E$packages <- sapply(c("survival", "nnet", "survey", "MatchIt"), function(p) as.character(packageVersion(p)))
x <- ~ age + female + prior + disability
# several services: multinomial scores and the weights of each target population (Li and Li, 2019), first rows
d$arm <- relevel(factor(d$group), "none")
m <- multinom(update(x, arm ~ .), d, reltol = 1e-15, abstol = 1e-12, maxit = 5000, trace = FALSE)
p <- predict(m, type = "probs"); own <- p[cbind(seq_len(nrow(d)), as.integer(d$arm))]
E$multinomial <- list(arms = levels(d$arm), coef = unname(coef(m)), se = unname(summary(m)$standard.errors), scores = unname(p[1:8, ]),
  all_eligible = as.vector(prop.table(table(d$arm))[d$arm] / own)[1:8], treated = unname((p[, "coach"] / own)[1:8]),
  overlap = unname((1 / rowSums(1 / p) / own)[1:8]))
# two arms: weights, and weighted risks with the family-robust variance (weights taken as known)
e <- fitted(glm(update(x, kin ~ .), binomial, d, control = glm.control(epsilon = 1e-14, maxit = 50)))
w <- list(all_eligible = ifelse(d$kin == 1, mean(d$kin) / e, mean(1 - d$kin) / (1 - e)), treated = ifelse(d$kin == 1, 1, e / (1 - e)),
  overlap = ifelse(d$kin == 1, 1 - e, e))
d$ev <- factor(d$event, 0:2, c("censor", "1", "2"))
E$binary <- lapply(w, function(v) { d$w <- v
  r <- summary(survfit(Surv(time, ev) ~ kin, d, weights = w, id = child_id), times = at)
  # this version of survival ignores cluster= here: influence summed by family, checked against its variance by child
  se <- t(sapply(0:1, function(k) { y <- d[d$kin == k, ]; f <- survfit(Surv(time, ev) ~ 1, y, weights = w, id = child_id, influence = 1)
    sapply(at, function(a) { j <- max(which(f$time <= a)); u <- f$influence.pstate[, j + 1, 2] * y$w
      stopifnot(abs(sqrt(sum(u^2)) / f$std.err[j, 2] - 1) < 1e-8); sqrt(sum(rowsum(u, y$family_id)^2)) }) }))
  lost <- sapply(0:1, function(k) { f <- survfit(Surv(time, ev) ~ 1, d[d$kin == k, ], weights = w, id = child_id); t <- c(0, f$time); y <- c(0, f$pstate[, 2]); inside <- t < 365
    sum(y[inside] * diff(c(t[inside], 365))) })
  h <- coxph(Surv(time, event == 1) ~ kin, d, weights = w, cluster = family_id, ties = "efron")
  g <- svydesign(ids = ~family_id, weights = ~w, data = d); early <- svyglm(I(time <= 200) ~ kin, g)
  list(weights = v[1:8], risk = matrix(r$pstate[, 2], 2, byrow = TRUE), risk_se = se, days_lost = lost,
    hazard_log_ratio = unname(coef(h)), hazard_se = unname(sqrt(diag(vcov(h)))),
    share = unname(coef(early)[2]), share_se = unname(SE(early)[2]), clusters = length(unique(d$family_id))) })
# standardized differences and variance ratios as MatchIt states them: pooled unweighted spread, before and after
q <- matchit(update(x, kin ~ .), d, method = "subclass", estimand = "ATE", subclass = 5); s <- summary(q)
E$balance <- list(covariate = rownames(s$sum.all)[-1], weights = round(unname(q$weights), 10), before = unname(s$sum.all[-1, "Std. Mean Diff."]),
  after = unname(s$sum.across[-1, "Std. Mean Diff."]), ratio_before = unname(s$sum.all[-1, "Var. Ratio"]), ratio_after = unname(s$sum.across[-1, "Var. Ratio"]))
# children who moved away: a Poisson model by period given arm and covariates, inverse probability of not having
# moved by day 318.5 (nobody moves in the first two periods), stabilised by the rates of all children
d$moved <- as.integer(d$event == 0 & d$time < 600 & d$child_id %% 2 == 0)
cuts <- c(0, 91, 183, 365, 730); z <- survSplit(Surv(time, moved) ~ ., d, cut = cuts[-1], episode = "band", start = "a", end = "b")
z$days <- z$b - z$a; z <- z[z$band %in% unique(z$band[z$moved == 1]), ]; z$band <- factor(z$band)
f <- glm(moved ~ 0 + band + kin + age + female + prior + disability, poisson, z, offset = log(days), control = glm.control(epsilon = 1e-14, maxit = 50))
new <- transform(d, band = factor("3", levels = levels(z$band)), days = 1); rate <- predict(f, new, type = "response")
overall <- sum(z$moved[z$band == 3]) / sum(z$days[z$band == 3])
E$loss <- list(moved = sum(d$moved), coef = unname(coef(f)), weight = unname(exp((318.5 - 183) * (rate - overall))[1:8]))
# bounds for those who moved by day 365 (Manski, 1990), overlap weights
bound <- function(one, zero) { k <- d; gone <- k$moved == 1 & k$time <= 365; yes <- gone & ifelse(k$kin == 1, one, zero) == 1
  k$event[yes] <- 1; k$time[gone & !yes] <- 365; k$w <- w$overlap; k$ev <- factor(k$event, 0:2, c("censor", "1", "2"))
  r <- summary(survfit(Surv(time, ev) ~ kin, k, weights = w, id = child_id), times = 365)$pstate[, 2]; r[2] - r[1] }
E$bounds <- list(worst = bound(1, 0), best = bound(0, 1))
# Rubin's rules with the degrees of freedom of Barnard and Rubin, by hand
pool <- function(q, se, free) { m <- length(q); b <- var(q); u <- mean(se^2); t <- u + (1 + 1/m) * b; l <- (1 + 1/m) * b / t
  old <- (m - 1) / l^2; obs <- (free + 1) / (free + 3) * free * (1 - l); df <- old * obs / (old + obs); c(mean(q), sqrt(t), df, mean(q) + c(-1, 1) * qt(.975, df) * sqrt(t), 2 * pt(-abs(mean(q)) / sqrt(t), df)) }
set.seed(1); sets <- t(sapply(1:20, function(k) { y <- d; lost <- runif(nrow(d)) < .3; y$age[lost] <- sample(d$age[!lost], sum(lost), TRUE)
  h <- coxph(Surv(time, event == 1) ~ kin + age + prior, y, cluster = family_id); c(exp(coef(h)[1]), sqrt(vcov(h)[1, 1])) }))
E$pooled <- list(ratio = sets[, 1], se = sets[, 2], clusters = 800, found = pool(log(sets[, 1]), sets[, 2], 799))
write_json(E, "effects.json", digits = 14, auto_unbox = TRUE)
