load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.4]
eval "plot ".train_loss("3c", 1, dashed(1), "train, 64 units (3c)").", ".train_loss("4a", 2, dashed(2), "train, 32 units (4a)").", ".\
    validation("3c", "loss", 1, "validation, 64 units (3c)").", ".validation("4a", "loss", 2, "validation, 32 units (4a)")
