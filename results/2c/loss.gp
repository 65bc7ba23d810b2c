load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.5]
eval "plot ".train_loss("2c", 5, dashed(5), "train").", ".validation("2c", "loss", 5, "validation")
