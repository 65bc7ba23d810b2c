load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.5]
eval "plot ".train_loss("2c", 1, dashed(1), "train").", ".validation("2c", "loss", 2, "validation")
