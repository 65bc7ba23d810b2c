load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.4]
eval "plot ".band("3c", 1).", ".\
    band("4d", 2).", ".\
    train("3c", 1, ", one layer of 64 (3c)").", ".\
    train("4d", 2, ", two of 60 (4d)").", ".\
    evaluated("3c", "validation_loss", 3, "validation, one layer of 64 (3c)").", ".\
    evaluated("4d", "validation_loss", 4, "validation, two of 60 (4d)")
eval png
set output "loss.png"
replot
