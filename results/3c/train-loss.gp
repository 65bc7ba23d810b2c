load "../style.gp"
set output "train-loss.svg"
set ylabel "train loss (nats per sample)"
set yrange [0:0.5]
eval "plot ".band("2c", 1).", ".\
    band("3a", 2).", ".\
    band("3b", 3).", ".\
    band("3c", 4).", ".\
    train("2c", 1, ", 2c").", ".\
    train("3a", 2, ", 3a: + init").", ".\
    train("3b", 3, ", 3b: + improved sigmoid").", ".\
    train("3c", 4, ", 3c: + momentum")
eval png
set output "train-loss.png"
replot
