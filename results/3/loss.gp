load "../style.gp"
set output "loss.svg"
set ylabel "training loss (nats per sample)"
set yrange [0:0.4]
eval "plot ".train_loss("2c", 1, bold(1), "shuffled (2c)").", ".train_loss("3", 2, bold(2), "not shuffled (3)")
