load "../style.gp"
set output "loss.svg"
set ylabel "train loss (nats per sample)"
set yrange [0:0.4]
eval "plot ".band("2c", 1).", ".\
    band("3", 2).", ".\
    train("2c", 1, ", shuffled (2c)").", ".\
    train("3", 2, ", not shuffled (3)")
eval png
set output "loss.png"
replot
