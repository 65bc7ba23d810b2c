load "../style.gp"
set output "loss.svg"
set ylabel "train loss (nats per sample)"
set yrange [0:1.2]
eval "plot ".band("4e", 3).", ".\
    band("4d", 2).", ".\
    band("3c", 1).", ".\
    train("3c", 1, ", one hidden layer of 64 (3c)").", ".\
    train("4d", 2, ", two of 60 (4d)").", ".\
    train("4e", 3, ", ten of 64 (4e)")
eval png
set output "loss.png"
replot
