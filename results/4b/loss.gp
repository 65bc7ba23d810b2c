load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.4]
eval "plot ".train_loss("3c", 1, dashed(1), "train, 64 units (3c)").", ".train_loss("4b", 2, dashed(2), "train, 128 units (4b)").", ".\
    validation("3c", "loss", 1, "validation, 64 units (3c)").", ".validation("4b", "loss", 2, "validation, 128 units (4b)")
