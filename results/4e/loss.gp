load "../style.gp"
set output "loss.svg"
set ylabel "training loss (nats per sample)"
set logscale y
set yrange [0.0005:20]
set key top right
eval "plot ".train_loss("4e", 3, bold(3), "ten layers of 64 (4e)").", ".train_loss("4d", 2, bold(2), "two of 60 (4d)").", ".\
    train_loss("3c", 1, bold(1), "one of 64 (3c)")
