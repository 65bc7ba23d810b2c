load "../style.gp"
set output "train-loss.svg"
set ylabel "training loss (nats per sample)"
set xrange [0:27000]
set yrange [0:0.5]
eval "plot ".train_loss("2c", 5, bold(5), "2c").", ".train_loss("3a", 3, bold(3), "3a: 2c with fan-in weights").", ".\
    train_loss("3b", 4, bold(4), "3b: 3a with the improved sigmoid").", ".train_loss("3c", 1, bold(1), "3c: 3b with momentum")
