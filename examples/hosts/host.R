# Steps and trains a model from R, by .Call: Rscript host.R glue_r.so MODEL
arguments <- commandArgs(trailingOnly = TRUE)
glue <- dyn.load(arguments[1])
model <- .Call("open_model", arguments[2], 7)
step <- getNativeSymbolInfo("step", glue) # looked up once, not at each step

closed_loop <- function() {
  .Call("reset", model)
  outputs <- c(0, 0, 0)
  sum <- 0
  for (t in 0:999) {
    inputs <- c(1, t %% 100 < 50, outputs[2] > outputs[3])
    outputs <- .Call(step, model, inputs)
    sum <- sum + outputs[2]
  }
  sum
}

best <- Inf
for (run in 1:20) {
  start <- Sys.time()
  sum <- closed_loop()
  best <- min(best, as.numeric(Sys.time() - start, units = "secs"))
}

updates <- 0
last <- NA
invisible(.Call("train", model, 1000, function(update, cost) {
  updates <<- update
  last <<- cost
  update < 20 # FALSE ends the run
}))

cat(sprintf("loop %.6f, cost %.6f after %d updates\n", sum, last, as.integer(updates)))
cat(sprintf("%.2f us a step\n", best * 1e3))
