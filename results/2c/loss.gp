load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.5]
eval "plot ".band("2c", 1).", ".\
    train("2c", 1, "").", ".\
    evaluated("2c", "validation_loss", 2, "validation")
eval png
set output "loss.png"
replot
