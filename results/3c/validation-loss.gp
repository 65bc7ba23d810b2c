load "../style.gp"
set output "validation-loss.svg"
set ylabel "validation loss (nats per sample)"
set xrange [0:27000]
set yrange [0.1:0.5]
eval "plot ".validation("2c", "loss", 5, "2c").", ".validation("3a", "loss", 3, "3a: 2c with fan-in weights").", ".\
    validation("3b", "loss", 4, "3b: 3a with the improved sigmoid").", ".\
    validation("3c", "loss", 1, "3c: 3b with momentum")
