# The same numbers through R. Started by in_r.py, which says what it needs.
suppressPackageStartupMessages({
  library(jsonlite); library(emmeans); library(multcompView); library(pROC); library(metafor)
})
files <- commandArgs(trailingOnly = TRUE)
given <- fromJSON(files[1])

# Five methods in paired runs: contrasts of a two-way layout, uncorrected and after Holm.
runs <- data.frame(
  score = as.vector(t(given$runs)),
  method = factor(rep(letters[seq_len(nrow(given$runs))], each = ncol(given$runs))),
  seed = factor(rep(seq_len(ncol(given$runs)), nrow(given$runs)))
)
pairs_of <- contrast(emmeans(lm(score ~ method + seed, runs), "method"), "pairwise")
raw <- summary(pairs_of, adjust = "none")$p.value
corrected <- summary(pairs_of, adjust = "holm")$p.value
named <- setNames(corrected, gsub(" ", "", summary(pairs_of)$contrast))
shown <- multcompLetters(named)$Letters

# Two methods whose runs vary unequally.
welch <- t.test(given$runs[1, ], given$runs[2, ])

# Two areas under the curve on the same images.
first <- roc(given$label, given$first, direction = "<", levels = c(0, 1), quiet = TRUE)
second <- roc(given$label, given$second, direction = "<", levels = c(0, 1), quiet = TRUE)
covariance <- cov(first, second, method = "delong")

pooled <- rma(given$differences, given$variances, method = "PM", test = "adhoc",
              control = list(tol = 1e-12))
ranked <- friedman.test(given$sets)
signed <- wilcox.test(given$differences, exact = TRUE)

write_json(list(
  versions = list(R = R.version.string, emmeans = as.character(packageVersion("emmeans")),
    multcompView = as.character(packageVersion("multcompView")),
    pROC = as.character(packageVersion("pROC")), metafor = as.character(packageVersion("metafor"))),
  p_raw = raw, p_holm = corrected, letters = as.list(shown),
  welch_p = welch$p.value, welch_df = unname(welch$parameter), welch_interval = as.vector(welch$conf.int),
  auc = c(auc(first), auc(second)),
  auc_variance = c(var(first, method = "delong"), var(second, method = "delong")),
  auc_covariance = covariance,
  pooled_mean = unname(pooled$beta[1]), pooled_interval = c(pooled$ci.lb, pooled$ci.ub),
  pooled_p = pooled$pval, pooled_tau = sqrt(pooled$tau2),
  friedman_chi_square = unname(ranked$statistic), wilcoxon_p = signed$p.value
), files[2], digits = NA, auto_unbox = TRUE)
