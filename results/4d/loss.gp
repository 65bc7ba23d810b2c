load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.4]
eval "plot ".train_loss("3c", 1, dashed(1), "train, one layer of 64 (3c)").", ".train_loss("4d", 2, dashed(2), "train, two of 60 (4d)").", ".\
    validation("3c", "loss", 1, "validation, one layer of 64 (3c)").", ".validation("4d", "loss", 2, "validation, two of 60 (4d)")
