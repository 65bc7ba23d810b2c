load "../style.gp"
set output "train-loss.svg"
set ylabel "training loss (nats per sample)"
set yrange [0:0.5]
eval "plot ".train_loss("2c", 1, bold(1), "2c").", ".train_loss("3a", 2, bold(2), "3a: 2c with fan-in weights").", ".\
    train_loss("3b", 3, bold(3), "3b: 3a with the improved sigmoid").", ".train_loss("3c", 4, bold(4), "3c: 3b with momentum")
